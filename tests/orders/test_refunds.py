"""Giving money back: whole, in parts, never more than was taken, one refund for each key."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from orders import payments, refunds
from orders.errors import IdempotencyKeyReused, NotRefundable, RefundTooLarge
from orders.gateways import ProviderFailed
from orders.idempotency import Answer, Request
from orders.models import IdempotencyKey, Order, OutboxMessage, Payment, Refund
from orders.outcomes import Declined
from tests.factories import manager
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered, shelf


@pytest.fixture
def taken(alice: User, gateway: FakeGateway) -> Order:
    """Two units of 12.80, captured."""
    order = ordered(alice, gateway)
    payments.capture(order.pk, gateway=gateway)
    return order


def render(refund: Refund) -> Answer:
    return Answer(201, "application/json", "", json.dumps({"id": str(refund.pk)}))


def give_back(order: Order, amount: str | None, *, key: str = "r-1", fingerprint: str = "f") -> Answer:
    return refunds.request_refund(
        order_id=order.pk,
        amount=Decimal(amount) if amount else None,
        reason="Broken",
        actor=manager(),
        request=Request(order.buyer_id, key, fingerprint),
        render=render,
    )


def carry_out(gateway: FakeGateway) -> None:
    for refund in Refund.objects.filter(status="pending"):
        payments.refund(refund.pk, gateway=gateway)


def test_part_is_given_back_and_the_order_stays_paid(taken: Order, gateway: FakeGateway) -> None:
    give_back(taken, "5.60")
    carry_out(gateway)
    carry_out(gateway)

    order = fresh(taken)
    assert (order.status, order.payment.status) == ("paid", "captured")
    assert (order.payment.refunded_amount, order.payment.refundable) == (Decimal("5.60"), Decimal("20.00"))
    assert history(order)[-2:] == ["RefundRequested", "PaymentRefunded"]


def test_everything_given_back_in_parts_closes_the_order_but_moves_no_stock(taken: Order, gateway: FakeGateway) -> None:
    give_back(taken, "5.60")
    give_back(taken, None, key="r-2")
    carry_out(gateway)

    assert (fresh(taken).status, fresh(taken).payment.status) == ("refunded", "refunded")
    assert sum(refund.amount for refund in Refund.objects.all()) == taken.total
    assert shelf(taken) == (3, 0)


@pytest.mark.roadmap("api/idempotency")
def test_one_key_makes_one_refund(taken: Order) -> None:
    first = give_back(taken, "1.00")

    assert give_back(taken, "1.00") == first
    assert Refund.objects.count() == OutboxMessage.objects.filter(topic="payment.refund").count() == 1
    with pytest.raises(IdempotencyKeyReused):
        give_back(taken, "2.00", fingerprint="another")


@pytest.mark.parametrize(("before", "amount", "left"), [("0.01", "25.60", "25.59"), ("25.00", "0.61", "0.60")])
def test_more_than_what_is_left_is_refused_and_frees_the_key(taken: Order, before: str, amount: str, left: str) -> None:
    give_back(taken, before)

    with pytest.raises(RefundTooLarge) as refusal:
        give_back(taken, amount, key="r-2")

    assert (refusal.value.refundable, refusal.value.currency) == (Decimal(left), "EUR")
    assert not IdempotencyKey.objects.filter(key="r-2").exists()


def test_nothing_left_is_nothing_to_refund(taken: Order) -> None:
    give_back(taken, None)

    with pytest.raises(NotRefundable):
        give_back(taken, "0.01", key="r-2")


def test_refund_that_two_workers_carry_out_is_written_down_once(taken: Order, gateway: FakeGateway) -> None:
    give_back(taken, None)
    due = Refund.objects.get()

    class Overtaken(FakeGateway):
        """While it gives the money back, another worker does the same and is faster."""

        def refund(self, refund: Refund) -> str:
            payments.refund(refund.pk, gateway=gateway)
            return super().refund(refund)

    payments.refund(due.pk, gateway=Overtaken())
    payments.refund(due.pk, gateway=gateway)

    assert history(taken).count("PaymentRefunded") == 1
    assert fresh(taken).status == "refunded"


def test_order_that_was_never_paid_has_nothing_to_refund(alice: User) -> None:
    order = ordered(alice, FakeGateway(Declined("pi_1", "no")))

    with pytest.raises(NotRefundable):
        give_back(order, None)


def test_refund_waits_for_the_capture(alice: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    give_back(order, None)

    with pytest.raises(ProviderFailed):
        carry_out(gateway)
    payments.capture(order.pk, gateway=gateway)
    carry_out(gateway)

    assert fresh(order).status == "refunded"
    assert str(Refund.objects.get()) == "25.60 (succeeded)"


WALLS: list[tuple[str, Any, dict[str, Any]]] = [
    ("refund_is_covered", Payment, {"refunded_amount": Decimal("25.61")}),
    ("refund_is_covered", Payment, {"refunded_amount": Decimal("-0.01")}),
    ("refund_gives_something", Refund, {"amount": Decimal(0)}),
]


@pytest.mark.roadmap("databases/schema-design")
@pytest.mark.parametrize(("wall", "model", "change"), WALLS)
def test_database_refuses_what_was_never_taken(taken: Order, wall: str, model: Any, change: dict[str, Any]) -> None:
    give_back(taken, "1.00")

    with pytest.raises(IntegrityError, match=wall), transaction.atomic():
        model.objects.update(**change)
