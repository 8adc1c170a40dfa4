"""Every pair of states, allowed or not: the table is repeated here on purpose, so that changing it is a decision."""

from itertools import product

import pytest

from orders.errors import IllegalTransition
from orders.models import Fulfilment, Order, Payment
from orders.states import (
    FULFILMENT_MOVES,
    ORDER_MOVES,
    PAYMENT_MOVES,
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
)

LEGAL_FOR_ORDERS = {
    *product(["pending"], ["paid", "declined", "expired", "cancelled"]),
    *product(["paid"], ["fulfilled", "cancelled", "refunded"]),
    ("fulfilled", "refunded"),
}
LEGAL_FOR_PAYMENTS = {
    *product(["created"], ["authorized", "declined", "voiding"]),
    *product(["authorized"], ["capturing", "voiding"]),
    ("capturing", "captured"),
    ("captured", "refunded"),
    ("declined", "voiding"),
    ("voiding", "voided"),
    ("voided", "voiding"),
}

LEGAL_FOR_PARCELS = {("packed", "shipped"), ("shipped", "delivered")}


@pytest.mark.roadmap("commerce/order-processing", "testing/unit-tests")
@pytest.mark.parametrize(("old", "new"), list(product(OrderStatus, OrderStatus)))
def test_order_moves_as_the_table_says(old: OrderStatus, new: OrderStatus) -> None:
    order = Order(status=old)

    if (old, new) in LEGAL_FOR_ORDERS:
        order.move_to(new)
        assert order.status == new
    else:
        with pytest.raises(IllegalTransition) as refusal:
            order.move_to(new)
        assert (refusal.value.old, refusal.value.new, order.status) == (old, new, old)


@pytest.mark.parametrize(("old", "new"), list(product(PaymentStatus, PaymentStatus)))
def test_payment_moves_as_the_table_says(old: PaymentStatus, new: PaymentStatus) -> None:
    payment = Payment(status=old)

    if (old, new) in LEGAL_FOR_PAYMENTS:
        payment.move_to(new)
        assert payment.status == new
    else:
        with pytest.raises(IllegalTransition):
            payment.move_to(new)
        assert payment.status == old


@pytest.mark.parametrize(("old", "new"), list(product(FulfilmentStatus, FulfilmentStatus)))
def test_parcel_moves_as_the_table_says(old: FulfilmentStatus, new: FulfilmentStatus) -> None:
    parcel = Fulfilment(status=old)

    if (old, new) in LEGAL_FOR_PARCELS:
        parcel.move_to(new)
        assert parcel.status == new
    else:
        with pytest.raises(IllegalTransition):
            parcel.move_to(new)
        assert parcel.status == old


def test_every_state_stands_in_its_table() -> None:
    assert set(ORDER_MOVES) == set(OrderStatus)
    assert set(PAYMENT_MOVES) == set(PaymentStatus)
    assert set(FULFILMENT_MOVES) == set(FulfilmentStatus)
