"""Calling an order off before it is sent: stock goes back on the shelf, money is let go or given back.

Whether the money is voided or refunded depends on who claimed it first, this file or `payments.capture`; both look
under the order's lock, so exactly one of them is first.

Refuses: an order that was sent, declined, expired or refunded (NotCancellable). Cancelling twice changes nothing.

Roadmap: commerce/order-processing
"""

from django.db import transaction

from orders import book, refunds
from orders.book import Message
from orders.errors import NotCancellable
from orders.models import Order
from orders.settlement import close
from orders.states import OrderStatus, PaymentStatus
from shop import stock


@transaction.atomic(durable=True)
def cancel(order_id: int, *, actor_id: int | None = None) -> tuple[Order, bool]:
    """Cancel the order; return it and whether this call did it (false: it was cancelled before).

    `actor_id` is the user who wants it (None: the buyer); the order's history says whether that was the shop.
    """
    order = Order.objects.locked(order_id)
    by_buyer = actor_id in {None, order.buyer_id}
    reason = "Cancelled by the buyer." if by_buyer else f"Cancelled by the shop (user {actor_id})."
    if order.status == OrderStatus.CANCELLED:
        return order, False
    if order.status == OrderStatus.PENDING:
        close(order, OrderStatus.CANCELLED, reason)
    elif order.status == OrderStatus.PAID:
        _undo_sale(order, reason)
    else:
        raise NotCancellable(order.status)
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
    stock.put_back(order.stock_lines(), reference=order.number)
