"""Calling an order off before it is packed: stock goes back on the shelf, money is let go or given back.

Whether the money is voided or refunded depends on who claimed it first, this file or `payments.capture`; both look
under the order's lock, so exactly one of them is first.

Refuses: an order that was packed, declined, expired or refunded (NotCancellable), and who may not call it off, or not
any more (NotAllowed). Cancelling twice changes nothing.

Roadmap: commerce/order-processing
"""

from typing import TYPE_CHECKING

from django.db import transaction

from orders import book, coupons, policies, refunds
from orders.book import Message
from orders.errors import NotCancellable
from orders.models import Order
from orders.settlement import close
from orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from shop import stock

if TYPE_CHECKING:
    from accounts.models import User


@transaction.atomic(durable=True)
def cancel(order_id: int, *, actor: "User | None" = None) -> tuple[Order, bool]:
    """Cancel the order; return it and whether this call did it (false: it was cancelled before).

    `actor` is the user who wants it (None: the buyer); the order's history says who it was.
    """
    order = Order.objects.locked(order_id)
    if order.status == OrderStatus.CANCELLED:
        return order, False
    if actor is not None:
        policies.require("order.cancel", actor, order)
    by_shop = actor is not None and actor.pk != order.buyer_id
    reason = f"Cancelled by the shop (user {actor.pk})." if actor and by_shop else "Cancelled by the buyer."
    if order.status == OrderStatus.PENDING:
        close(order, OrderStatus.CANCELLED, reason)
    elif order.is_cancellable:
        _undo_sale(order, reason)
    else:  # paid, and packed: it may leave the house any moment; `fulfilment` says why
        raise NotCancellable(FulfilmentStatus.PACKED if order.status == OrderStatus.PAID else order.status)
    return order, True


def _undo_sale(order: Order, reason: str) -> None:
    order.move_to(OrderStatus.CANCELLED)
    if order.payment.status == PaymentStatus.AUTHORIZED:
        order.payment.move_to(PaymentStatus.VOIDING)
        messages = [Message("payment.void", {"order": order.pk})]
    elif order.payment.refundable:  # the money is taken or about to be: what was not given back yet goes back now
        messages = [refunds.message(refunds.write(order, order.payment.refundable, "The order was cancelled."))]
    else:
        messages = []
    book.record(order, "OrderCancelled", details={"reason": reason}, messages=messages)
    coupons.release(order)
    stock.put_back(order.stock_lines(), reference=order.number)
