"""The rules beyond roles: one attribute at a time, and no act without a rule."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from orders import cancellation, payments, policies, refunds
from orders.errors import NotAllowed
from orders.idempotency import Answer, Request
from orders.models import Order
from orders.policies import CANCELLATION_TIME, REFUND_LIMIT, decide
from tests.factories import person
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/abac", "auth/policy-based-authorization")]


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    return ordered(alice, gateway)


@pytest.mark.parametrize(
    ("role", "amount", "reason"),
    [
        ("customer", "1.00", "given by our support"),
        ("warehouse", "1.00", "given by our support"),
        ("support", "100.00", ""),
        ("support", "100.01", "by a manager"),
        ("manager", "100.01", ""),
    ],
)
def test_refund_depends_on_role_and_amount(order: Order, role: str, amount: str, reason: str) -> None:
    decision = decide("order.refund", person("eve", role=role), order, total=Decimal(amount))

    assert decision.is_allowed is (reason == "")
    assert reason in decision.reason


def test_nobody_refunds_their_own_order(gateway: FakeGateway) -> None:
    eve = person("eve", role="manager")

    decision = decide("order.refund", eve, ordered(eve, gateway), total=Decimal(1))

    assert decision == (False, "Nobody refunds their own order. Ask a colleague.")


@pytest.mark.parametrize(
    ("role", "is_allowed"), [("customer", False), ("support", False), ("warehouse", True), ("manager", True)]
)
def test_warehouse_packs_and_nobody_for_themselves(
    order: Order, gateway: FakeGateway, role: str, is_allowed: bool
) -> None:
    eve = person("eve", role=role)

    assert decide("order.fulfil", eve, order).is_allowed is is_allowed
    assert not decide("order.fulfil", eve, ordered(eve, gateway)).is_allowed


@pytest.mark.parametrize(("late", "is_allowed"), [(0, True), (1, False)])
def test_buyer_may_cancel_for_a_day(order: Order, alice: User, late: int, is_allowed: bool) -> None:
    then = order.placed_at + CANCELLATION_TIME + timedelta(microseconds=late)

    assert decide("order.cancel", alice, order, now=then).is_allowed is is_allowed
    assert decide("order.cancel", person("eve", role="support"), order, now=then).is_allowed


def test_role_does_not_lengthen_ones_own_time(gateway: FakeGateway) -> None:
    eve = person("eve", role="manager")
    order = ordered(eve, gateway)

    assert not decide("order.cancel", eve, order, now=order.placed_at + 2 * CANCELLATION_TIME).is_allowed


def test_many_small_refunds_do_not_pass_the_limit(alice: User, gateway: FakeGateway) -> None:
    eve, order = person("eve", role="support"), ordered(alice, gateway, units=10, stocked=10)
    payments.capture(order.pk, gateway=gateway)
    give_back(order, eve, "60.00", key="r-1")

    with pytest.raises(NotAllowed, match="by a manager"):
        give_back(order, eve, "40.01", key="r-2")
    give_back(order, eve, "40.00", key="r-3")


def give_back(order: Order, actor: User, amount: str, *, key: str) -> None:
    refunds.request_refund(
        order_id=order.pk, amount=Decimal(amount), reason="", actor=actor, request=Request(actor.pk, key, "f"),
        render=lambda refund: Answer(201, "", "", ""),
    )  # fmt: skip


def test_stranger_and_warehouse_may_not_cancel(order: Order, bob: User) -> None:
    for actor in (bob, person("eve", role="warehouse")):
        assert not decide("order.cancel", actor, order).is_allowed


def test_order_is_seen_by_its_buyer_and_by_who_looks_after_orders(order: Order, alice: User, bob: User) -> None:
    people = {alice: True, bob: False, person("eve", role="support"): True, person("zoe", role="customer"): False}

    for actor, sees in people.items():
        assert Order.objects.visible_to(actor).filter(pk=order.pk).exists() is sees


def test_refusal_says_why_and_is_logged(order: Order, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(days=2))

    with pytest.raises(NotAllowed, match="24 hours") as refusal:
        cancellation.cancel(order.pk, actor=alice)

    assert refusal.value.act == "order.cancel"
    [line] = [record for record in caplog.records if record.getMessage() == "act-denied"]
    told = vars(line)
    assert (told["user"], told["act"], told["reason"]) == (alice.pk, "order.cancel", str(refusal.value))
    assert order.number in told["subject"]


def test_every_rule_is_in_the_table_and_asked_by_name() -> None:
    rules = {rule for name, rule in vars(policies).items() if name.startswith("may_")}

    assert set(policies.POLICIES.values()) == rules
    with pytest.raises(KeyError):
        decide("order.burn", User(), Order())
    assert Decimal(100) == REFUND_LIMIT
