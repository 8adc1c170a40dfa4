"""Which steps an order, its payment and its parcel may take: tables without exception. What they do not list, raises.

    order     pending ─► paid ─► fulfilled ─► refunded        pending ─► declined | expired | cancelled
                           └───► cancelled | refunded

    payment   created ─► authorized ─► capturing ─► captured ─► refunded
                 │            └──► voiding ─► voided
                 ├──► voiding  (the order died before the provider answered)
                 └──► declined ─► voiding  (the bank approved after all)

    parcel    packed ─► shipped ─► delivered        (shipped: the order is fulfilled)

"capturing" and "voiding" are claims, committed before the provider is called: whoever claims first decides whether the
money is taken or let go, and a crash in between is resumed, not guessed at.

Roadmap: commerce/order-processing, testing/unit-tests
"""

from collections.abc import Mapping

from django.db.models import TextChoices

from orders.errors import IllegalTransition


class OrderStatus(TextChoices):
    """Where an order stands, as the buyer sees it."""

    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    REFUNDED = "refunded"


class PaymentStatus(TextChoices):
    """Where the money stands, as the provider sees it."""

    CREATED = "created"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CAPTURING = "capturing"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOIDING = "voiding"
    VOIDED = "voided"


class RefundStatus(TextChoices):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"


class FulfilmentStatus(TextChoices):
    """Where the parcel stands, as the warehouse sees it."""

    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


ORDER_MOVES: Mapping[str, frozenset[str]] = {
    OrderStatus.PENDING: frozenset(
        {OrderStatus.PAID, OrderStatus.DECLINED, OrderStatus.EXPIRED, OrderStatus.CANCELLED}
    ),
    OrderStatus.PAID: frozenset({OrderStatus.FULFILLED, OrderStatus.CANCELLED, OrderStatus.REFUNDED}),
    OrderStatus.FULFILLED: frozenset({OrderStatus.REFUNDED}),
    OrderStatus.DECLINED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REFUNDED: frozenset(),
}
PAYMENT_MOVES: Mapping[str, frozenset[str]] = {
    PaymentStatus.CREATED: frozenset({PaymentStatus.AUTHORIZED, PaymentStatus.DECLINED, PaymentStatus.VOIDING}),
    PaymentStatus.AUTHORIZED: frozenset({PaymentStatus.CAPTURING, PaymentStatus.VOIDING}),
    PaymentStatus.CAPTURING: frozenset({PaymentStatus.CAPTURED}),
    PaymentStatus.CAPTURED: frozenset({PaymentStatus.REFUNDED}),
    PaymentStatus.VOIDING: frozenset({PaymentStatus.VOIDED}),
    PaymentStatus.VOIDED: frozenset({PaymentStatus.VOIDING}),  # an authorization that arrived after all, years late
    PaymentStatus.DECLINED: frozenset(
        {PaymentStatus.VOIDING}
    ),  # the provider lets a refused payment be confirmed again
    PaymentStatus.REFUNDED: frozenset(),
}
FULFILMENT_MOVES: Mapping[str, frozenset[str]] = {
    FulfilmentStatus.PACKED: frozenset({FulfilmentStatus.SHIPPED}),
    FulfilmentStatus.SHIPPED: frozenset({FulfilmentStatus.DELIVERED}),
    FulfilmentStatus.DELIVERED: frozenset(),
}


def require_move(moves: Mapping[str, frozenset[str]], old: str, new: str) -> None:
    """Raise IllegalTransition unless the table allows the step from old to new."""
    if new not in moves[old]:
        raise IllegalTransition(old, new)
