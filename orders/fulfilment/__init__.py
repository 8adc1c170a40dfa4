"""Sending what was bought: the warehouse packs, hands the parcel to a carrier, and hears that it arrived.

    pack ─► ship ─► deliver        the order is `fulfilled` once it is shipped; a letter tells the buyer where it is

Who packs takes the order out of its buyer's hands: from then on it cannot be cancelled, or a parcel would leave whose
units are back on the shelf. Money for it can still be given back, and what was given back whole is not sent. Shipping
waits for the capture: held money may run out at the bank, and goods that are on the road cannot be called back.

Every step looks under the order's lock, as cancelling and refunding do. Taking the same step twice changes nothing.

Refuses: an order that is not paid, or is given back (NotFulfillable), to ship before the money is taken
(PaymentNotCaptured) or with the label of another parcel (LabelTaken), a step that does not follow (IllegalTransition),
and who does not pack here (NotAllowed).

Roadmap: commerce/order-processing
"""

from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import book, policies
from orders.book import Message
from orders.errors import LabelTaken, NotFulfillable, PaymentNotCaptured
from orders.models import Fulfilment, Order
from orders.states import FulfilmentStatus, OrderStatus, PaymentStatus

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User


class Label(NamedTuple):
    """What stands on a parcel: who carries it, and the number under which they know it."""

    carrier: str
    tracking_number: str


@transaction.atomic(durable=True)
def pack(order_id: int, *, actor: "User") -> tuple[Fulfilment, bool]:
    """Pack the order; return its parcel and whether this call packed it (false: it was packed before)."""
    order = Order.objects.locked(order_id)
    policies.require("order.fulfil", actor, order)
    packed = Fulfilment.objects.filter(order=order).first()
    if packed:
        return packed, False
    _require_sendable(order)
    parcel = Fulfilment.objects.create(order=order, packed_at=timezone.now())
    book.record(order, "OrderPacked")
    return parcel, True


@transaction.atomic(durable=True)
def ship(parcel_id: "UUID", *, label: Label, actor: "User") -> tuple[Fulfilment, bool]:
    """Hand the parcel to a carrier, and have the buyer told. False: it left under this very label before."""
    parcel, order = _locked(parcel_id, actor)
    if parcel.status != FulfilmentStatus.PACKED and label == (parcel.carrier, parcel.tracking_number):
        return parcel, False
    parcel.move_to(FulfilmentStatus.SHIPPED)
    _require_sendable(order)
    if order.payment.status != PaymentStatus.CAPTURED:
        raise PaymentNotCaptured
    parcel.carrier, parcel.tracking_number, parcel.shipped_at = *label, timezone.now()
    _save_labelled(parcel)
    order.move_to(OrderStatus.FULFILLED)
    messages = [Message("mail.order_shipped", {"order": order.pk})]
    book.record(order, "OrderShipped", details=label._asdict(), messages=messages)
    return parcel, True


@transaction.atomic(durable=True)
def deliver(parcel_id: "UUID", *, actor: "User") -> tuple[Fulfilment, bool]:
    """Write down that the parcel arrived. False: it was known before."""
    parcel, order = _locked(parcel_id, actor)
    if parcel.status == FulfilmentStatus.DELIVERED:
        return parcel, False
    parcel.move_to(FulfilmentStatus.DELIVERED)
    parcel.delivered_at = timezone.now()
    parcel.save()
    book.record(order, "OrderDelivered")
    return parcel, True


def _locked(parcel_id: "UUID", actor: "User") -> tuple[Fulfilment, Order]:
    """The parcel, read once its order is locked: before, it may be about to change."""
    order_id = Fulfilment.objects.values_list("order_id", flat=True).get(pk=parcel_id)
    order = Order.objects.locked(order_id)
    policies.require("order.fulfil", actor, order)
    return Fulfilment.objects.get(pk=parcel_id), order


def _require_sendable(order: Order) -> None:
    if order.status != OrderStatus.PAID:
        raise NotFulfillable(order.status)
    if not order.payment.refundable:  # the last of the money is on its way back, and the order with it
        raise NotFulfillable(OrderStatus.REFUNDED)


def _save_labelled(parcel: Fulfilment) -> None:
    """In a savepoint, since a broken constraint ends a transaction for PostgreSQL."""
    try:
        with transaction.atomic():
            parcel.save()
    except IntegrityError:
        raise LabelTaken(parcel.tracking_number) from None
