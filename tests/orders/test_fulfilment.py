"""Packing, shipping, delivering: each step from where it may be taken, once, and by nobody who does not pack here."""

from uuid import uuid4

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction

from accounts.models import User
from orders import cancellation, fulfilment, payments, refunds
from orders.errors import (
    IllegalTransition,
    LabelTaken,
    NotAllowed,
    NotCancellable,
    NotFulfillable,
    PaymentNotCaptured,
)
from orders.fulfilment import Label
from orders.idempotency import Answer, Request
from orders.models import Fulfilment, Order, OutboxMessage
from orders.outcomes import Declined, Unknown
from orders.tasks import CONSUMERS
from tests.factories import manager, person
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered, perform_all, shelf

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("commerce/order-processing")]
LABEL = Label("DHL", "JD0001")


@pytest.fixture
def dave(db: None) -> User:
    """Packs in the warehouse."""
    return person("dave", role="warehouse")


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    """Two units of 12.80 of alice's, taken."""
    made = ordered(alice, gateway)
    payments.capture(made.pk, gateway=gateway)
    return fresh(made)


def give_back(order: Order, amount: object = None) -> None:
    refunds.request_refund(
        order_id=order.pk, amount=amount, reason="", actor=manager(),  # type: ignore[arg-type]
        request=Request(order.buyer_id, str(uuid4()), "f"), render=lambda refund: Answer(201, "", "", str(refund.pk)),
    )  # fmt: skip


def sent(order: Order, dave: User, label: Label = LABEL) -> Fulfilment:
    parcel, _ = fulfilment.pack(order.pk, actor=dave)
    return fulfilment.ship(parcel.pk, label=label, actor=dave)[0]


def test_order_is_packed_shipped_and_delivered_and_its_history_says_so(order: Order, dave: User) -> None:
    parcel = sent(order, dave)
    assert fresh(order).status == "fulfilled"
    fulfilment.deliver(parcel.pk, actor=dave)

    [shown] = fresh(order).fulfilments
    assert (shown.status, shown.carrier, shown.tracking_number) == ("delivered", *LABEL)
    assert shown.packed_at <= shown.shipped_at <= shown.delivered_at
    assert history(order)[-3:] == ["OrderPacked", "OrderShipped", "OrderDelivered"]
    assert order.events.get(type="OrderShipped").details == {"carrier": "DHL", "tracking_number": "JD0001"}
    assert (fresh(order).status, shelf(order)) == ("fulfilled", (3, 0))


def test_each_step_may_be_repeated_and_counts_once(order: Order, dave: User) -> None:
    packed = [fulfilment.pack(order.pk, actor=dave) for _ in range(2)]
    parcel = packed[0][0]
    shipped = [fulfilment.ship(parcel.pk, label=LABEL, actor=dave) for _ in range(2)]
    delivered = [fulfilment.deliver(parcel.pk, actor=dave) for _ in range(2)]
    late = fulfilment.ship(parcel.pk, label=LABEL, actor=dave)

    assert [is_new for _, is_new in [*packed, *shipped, *delivered, late]] == [True, False] * 3 + [False]
    assert [event for event in history(order) if event.startswith("OrderP")] == [
        "OrderPlaced",
        "OrderPaid",
        "OrderPacked",
    ]
    assert OutboxMessage.objects.filter(topic="mail.order_shipped").count() == 1


def test_letter_says_who_carries_the_parcel_in_both_parts(order: Order, dave: User) -> None:
    sent(order, dave)
    perform_all({"mail.order_shipped": CONSUMERS["mail.order_shipped"]})

    letter = django_mail.outbox[-1]

    assert isinstance(letter, EmailMultiAlternatives)
    assert (letter.to, letter.subject) == (["alice@example.com"], f"On its way: your order {order.number}")
    assert letter.extra_headers["Message-ID"] == f"<shipped-{order.number}@shop.example>"
    for part in (letter.body, letter.alternatives[0].content):
        for fact in (order.number, "DHL", "JD0001", order.lines.get().name, "Hamburg"):
            assert fact in part


@pytest.mark.parametrize("outcome", [Unknown(), Declined("pi_1", "no")], ids=["pending", "declined"])
def test_what_is_not_paid_is_not_packed(alice: User, dave: User, outcome: Unknown | Declined) -> None:
    order = ordered(alice, FakeGateway(outcome))

    with pytest.raises(NotFulfillable) as refusal:
        fulfilment.pack(order.pk, actor=dave)

    assert refusal.value.status == order.status
    assert not Fulfilment.objects.exists()


def test_what_was_cancelled_is_not_packed(order: Order, dave: User) -> None:
    cancellation.cancel(order.pk)

    with pytest.raises(NotFulfillable, match="cancelled"):
        fulfilment.pack(order.pk, actor=dave)


@pytest.mark.parametrize("step", ["packed", "shipped"])
def test_what_is_packed_or_on_its_way_is_not_cancelled(order: Order, dave: User, step: str) -> None:
    fulfilment.pack(order.pk, actor=dave) if step == "packed" else sent(order, dave)

    with pytest.raises(NotCancellable) as refusal:
        cancellation.cancel(order.pk)

    assert refusal.value.status == ("packed" if step == "packed" else "fulfilled")
    assert shelf(order) == (3, 0)


def test_what_is_given_back_whole_is_not_shipped_and_what_is_given_back_in_part_is(
    order: Order, alice: User, dave: User, gateway: FakeGateway
) -> None:
    parcel, _ = fulfilment.pack(order.pk, actor=dave)
    give_back(order)

    with pytest.raises(NotFulfillable, match="refunded"):
        fulfilment.ship(parcel.pk, label=LABEL, actor=dave)

    other = ordered(alice, gateway, key="key-2")
    payments.capture(other.pk, gateway=gateway)
    give_back(other, other.total / 2)
    assert sent(other, dave).status == "shipped"


def test_goods_wait_in_the_house_until_the_money_is_taken(alice: User, dave: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    parcel, _ = fulfilment.pack(order.pk, actor=dave)
    with pytest.raises(PaymentNotCaptured):
        fulfilment.ship(parcel.pk, label=LABEL, actor=dave)

    payments.capture(order.pk, gateway=gateway)

    assert fulfilment.ship(parcel.pk, label=LABEL, actor=dave)[1]


def test_money_can_be_given_back_after_the_parcel_has_left(order: Order, dave: User, gateway: FakeGateway) -> None:
    parcel = sent(order, dave)
    give_back(order)
    payments.refund(order.payment.refunds.get().pk, gateway=gateway)
    fulfilment.deliver(parcel.pk, actor=dave)

    assert (fresh(order).status, fresh(order).fulfilment.status) == ("refunded", "delivered")


def test_steps_that_do_not_follow_are_refused(order: Order, dave: User) -> None:
    parcel, _ = fulfilment.pack(order.pk, actor=dave)
    with pytest.raises(IllegalTransition, match="packed cannot become delivered"):
        fulfilment.deliver(parcel.pk, actor=dave)
    fulfilment.ship(parcel.pk, label=LABEL, actor=dave)

    with pytest.raises(IllegalTransition, match="shipped cannot become shipped"):
        fulfilment.ship(parcel.pk, label=Label("DHL", "JD0002"), actor=dave)


def test_label_of_another_parcel_is_refused_and_the_parcel_stays(
    order: Order, alice: User, dave: User, gateway: FakeGateway
) -> None:
    sent(order, dave)
    other = ordered(alice, gateway, key="key-2")
    payments.capture(other.pk, gateway=gateway)

    with pytest.raises(LabelTaken) as refusal:
        sent(other, dave)

    assert refusal.value.tracking_number == "JD0001"
    assert (fresh(other).status, fresh(other).fulfilment.status) == ("paid", "packed")
    assert fulfilment.ship(fresh(other).fulfilment.pk, label=Label("UPS", "JD0001"), actor=dave)[1]


@pytest.mark.parametrize("role", ["customer", "support"])
def test_who_does_not_pack_here_takes_no_step(order: Order, dave: User, role: str) -> None:
    eve = person("eve", role=role)
    with pytest.raises(NotAllowed):
        fulfilment.pack(order.pk, actor=eve)
    parcel, _ = fulfilment.pack(order.pk, actor=dave)

    for step in (
        lambda: fulfilment.ship(parcel.pk, label=LABEL, actor=eve),
        lambda: fulfilment.deliver(parcel.pk, actor=eve),
    ):
        with pytest.raises(NotAllowed):
            step()

    assert fresh(order).fulfilment.status == "packed"


LIES = {
    "one_parcel_per_label": {"status": "shipped", "carrier": "DHL", "tracking_number": "JD0001"},
    "parcel_says_where_it_is": {"status": "delivered"},
}


@pytest.mark.roadmap("databases/keys")
@pytest.mark.parametrize("wall", LIES)
def test_database_refuses_what_no_code_of_ours_would_write(
    order: Order, alice: User, dave: User, gateway: FakeGateway, wall: str
) -> None:
    there = sent(order, dave)
    other = ordered(alice, gateway, key="key-2")
    parcel, _ = fulfilment.pack(other.pk, actor=dave)

    with pytest.raises(IntegrityError, match=wall), transaction.atomic():
        Fulfilment.objects.filter(pk=parcel.pk).update(shipped_at=there.shipped_at, **LIES[wall])
