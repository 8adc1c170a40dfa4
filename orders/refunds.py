"""Giving money back, whole or in part. The goods are another matter: a refund never touches stock.

The sum of all refunds, those under way included, stands in the payment row and is checked under the order's lock; a
check constraint stands behind it. The provider is called later by the outbox, with the refund's id as key.

Refuses: an order that is not paid or has nothing left to give back (NotRefundable), more than is left (RefundTooLarge),
and who may not give it back (NotAllowed).

Roadmap: api/rest-resource-design
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from orders import book, idempotency, policies
from orders.book import Message
from orders.errors import NotRefundable, RefundTooLarge
from orders.idempotency import Answer, Request
from orders.models import Order, Refund
from orders.states import OrderStatus, PaymentStatus

if TYPE_CHECKING:
    from accounts.models import User


@transaction.atomic(durable=True)
def request_refund(
    *,
    order_id: int,
    amount: Decimal | None,
    reason: str,
    actor: "User",
    request: Request,
    render: Callable[[Refund], Answer],
) -> Answer:
    """Promise `amount` (None: all that is left) back to the buyer and return the answer. One key, one refund."""
    claim = idempotency.claim(request)
    if isinstance(claim, Answer):
        return claim
    order = Order.objects.locked(order_id)
    if order.status not in {OrderStatus.PAID, OrderStatus.FULFILLED}:
        raise NotRefundable(order.status)
    if order.payment.refundable == 0:
        raise NotRefundable("fully refunded")
    wanted = order.payment.refundable if amount is None else amount
    policies.require("order.refund", actor, order, total=order.payment.refunded_amount + wanted)
    if order.payment.status == PaymentStatus.AUTHORIZED:  # claim the capture: what is given back must first be taken,
        order.payment.move_to(PaymentStatus.CAPTURING)  # and a cancellation that comes next must not void it
    refund = write(order, wanted, reason)
    details = {"refund": str(refund.pk), "amount": str(refund.amount)}
    book.record(order, "RefundRequested", details=details, messages=[message(refund)])
    return idempotency.keep(claim.id, render(refund))


def write(order: Order, amount: Decimal, reason: str) -> Refund:
    """Write a refund of a locked order; the caller records the order and sends `message`."""
    if amount > order.payment.refundable:
        raise RefundTooLarge(order.payment.refundable, order.payment.currency)
    order.payment.refunded_amount += amount
    return Refund.objects.create(payment=order.payment, amount=amount, reason=reason)


def message(refund: Refund) -> Message:
    """Return the message that has the refund carried out."""
    return Message("payment.refund", {"refund": str(refund.pk)})
