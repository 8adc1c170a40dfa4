"""Calling an order off: before the money, while it is held, after it was taken; once, and twice."""

import pytest

from accounts.models import User
from orders import cancellation, payments
from orders.errors import NotCancellable
from orders.models import CartLine, OutboxMessage, Refund
from orders.outcomes import Declined, Unknown
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered, shelf


@pytest.mark.parametrize("outcome", [Unknown(), None], ids=["pending", "paid"])
@pytest.mark.roadmap("commerce/order-processing")
def test_units_go_back_on_the_shelf_and_held_money_is_let_go(alice: User, outcome: Unknown | None) -> None:
    order = ordered(alice, FakeGateway(outcome))

    cancelled, is_new = cancellation.cancel(order.pk)
    again, is_new_again = cancellation.cancel(order.pk)

    assert (is_new, is_new_again) == (True, False)
    assert cancelled.status == again.status == fresh(order).status == "cancelled"
    assert fresh(order).payment.status == "voiding"
    assert shelf(order) == (5, 0)
    assert OutboxMessage.objects.filter(topic="payment.void").count() == 1
    assert history(order)[-1] == "OrderCancelled"


def test_pending_order_gives_the_cart_back_and_a_paid_one_does_not(alice: User, gateway: FakeGateway) -> None:
    cancellation.cancel(ordered(alice, gateway).pk)
    assert not CartLine.objects.exists()

    cancellation.cancel(ordered(alice, FakeGateway(Unknown()), key="key-2").pk)
    assert CartLine.objects.count() == 1


def test_money_that_was_taken_is_given_back(alice: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    payments.capture(order.pk, gateway=gateway)

    cancellation.cancel(order.pk)
    refund = Refund.objects.get()
    payments.refund(refund.pk, gateway=gateway)

    assert refund.amount == order.total
    assert (fresh(order).status, fresh(order).payment.status) == ("cancelled", "refunded")
    assert shelf(order) == (5, 0)


def test_money_that_was_given_back_already_is_not_given_back_again(alice: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    payments.capture(order.pk, gateway=gateway)
    Refund.objects.create(payment=order.payment, amount=order.total)
    order.payment.__class__.objects.update(refunded_amount=order.total)

    cancellation.cancel(order.pk)

    assert Refund.objects.count() == 1
    assert fresh(order).status == "cancelled"


def test_order_that_came_to_nothing_cannot_be_cancelled(alice: User) -> None:
    """What was packed or sent cannot be either: `test_fulfilment.py`."""
    order = ordered(alice, FakeGateway(Declined("pi_1", "no")))

    with pytest.raises(NotCancellable) as refusal:
        cancellation.cancel(order.pk)

    assert refusal.value.status == "declined"
