"""Where every answer of the payment provider ends, whichever way it came: the request itself, the periodic question,
or the provider's webhook; first, late, twice or out of order.

    Authorized  order pending   → confirm: stock is sold, the order is paid, mail and capture are on their way
                order closed    → let go: the held money is voided, nobody pays for an order that is no more
    Declined    order pending   → abandon: stock and cart go back, nothing was charged
    otherwise                   → nothing changes

The order's row lets one of the ways through: who comes second finds it done, under its lock or by its count of events.

Roadmap: commerce/order-processing, databases/acid
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from opentelemetry import trace

from orders import book, cart, coupons
from orders.book import Message
from orders.idempotency import Answer
from orders.models import Order
from orders.outcomes import Authorized, Declined, Outcome, Unsent
from orders.states import OrderStatus, PaymentStatus
from shop import stock

tracer = trace.get_tracer(__name__)
Render = Callable[[Order], Answer]


class Settled(NamedTuple):
    """The order as it stands now, and the answer that this very call kept with the idempotency key, if it did."""

    order: Order
    answer: Answer | None = None


@tracer.start_as_current_span("settle")
@transaction.atomic(durable=True)
def settle(order_id: int, outcome: Outcome, *, render: Render | None = None, known: Order | None = None) -> Settled:
    """Bring the order to where the provider's answer puts it. Doing it again changes nothing.

    `render` turns the order into the answer that is kept with its idempotency key, in the same commit. `known` is the
    order as the purchase wrote it a moment ago: it is locked and read again only if somebody touched it since, which
    the book finds out when it writes (optimistic locking).

    Roadmap: languages/python
    """
    if known and known.status == OrderStatus.PENDING and isinstance(outcome, Authorized | Declined):
        try:
            return _bring(known, outcome, render)
        except book.Outdated:
            pass  # and nothing is written yet: the book is the first to write
    return _bring(Order.objects.locked(order_id), outcome, render)


def _bring(order: Order, outcome: Outcome, render: Render | None) -> Settled:
    if order.status != OrderStatus.PENDING:
        if isinstance(outcome, Authorized):
            _let_go(order, outcome)
        return Settled(order)
    match outcome:
        case Authorized():
            return Settled(order, _confirm(order, outcome, render))
        case Declined():
            return Settled(order, _abandon(order, outcome, render))
        case Unsent():
            close(order, OrderStatus.CANCELLED, "The payment provider could not be reached.")
            _free_key(order)
    return Settled(order)


def _confirm(order: Order, outcome: Authorized, render: Render | None) -> Answer | None:
    """The money is held: sell the stock. The stock rows are locked last, so a popular one is held for one commit.

    Mail and capture are only written down here; the buyer's answer waits for neither.

    Roadmap: messaging/why-async
    """
    order.move_to(OrderStatus.PAID)
    order.payment.move_to(PaymentStatus.AUTHORIZED)
    order.payment.provider_id = outcome.provider_id
    answer = render(order) if render else None
    messages = [
        Message("mail.order_confirmation", {"order": order.pk}),
        Message("payment.capture", {"order": order.pk}),
    ]
    kept = book.record(order, "OrderPaid", details={"payment": outcome.provider_id}, messages=messages, answer=answer)
    left = stock.commit(order.stock_lines(), reference=order.number)
    _tell_of_low_shelves(order, left)
    return kept


def _tell_of_low_shelves(order: Order, left: dict[int, int]) -> None:
    """One line for each shelf that this sale took below the mark, whether or not a merchant listens to that."""
    mark, sold, skus = settings.LOW_STOCK_BELOW, Counter[int](), {}
    for line in order.known_lines:
        sold[line.product_id] += line.quantity
        skus[line.product_id] = line.sku
    for product_id, on_hand in left.items():
        if on_hand < mark <= on_hand + sold[product_id]:
            fields = {"sku": skus[product_id], "on_hand": on_hand, "below": mark, "order": order.number}
            transaction.on_commit(partial(book.business.info, "StockLow", extra=fields), robust=True)


def _abandon(order: Order, outcome: Declined, render: Render | None) -> Answer | None:
    """The provider said no: give the units back to the shelf and the lines back to the cart."""
    order.move_to(OrderStatus.DECLINED)
    order.payment.move_to(PaymentStatus.DECLINED)
    order.payment.provider_id, order.payment.decline_reason = outcome.provider_id, outcome.reason[:60]
    answer = render(order) if render else None
    kept = book.record(order, "PaymentDeclined", details={"reason": outcome.reason}, answer=answer)
    cart.put_back(order)
    coupons.release(order)
    stock.release(order.stock_lines())
    return kept


def close(order: Order, status: OrderStatus, reason: str) -> None:
    """End a pending order whose payment nobody can vouch for: units go back to the shelf, lines to the cart, and
    whatever the provider may hold is voided. The caller has locked the order.
    """
    order.move_to(status)
    order.payment.move_to(PaymentStatus.VOIDING)
    messages = [Message("payment.void", {"order": order.pk})]
    book.record(order, f"Order{status.capitalize()}", details={"reason": reason}, messages=messages)
    cart.put_back(order)
    coupons.release(order)
    stock.release(order.stock_lines())


def _let_go(order: Order, outcome: Authorized) -> None:
    """Money was held for an order that ended meanwhile, unknown to the void that ran or will: void it by name."""
    payment = order.payment
    is_known = payment.provider_id == outcome.provider_id and payment.status != PaymentStatus.DECLINED
    if is_known or payment.status not in {PaymentStatus.VOIDING, PaymentStatus.VOIDED, PaymentStatus.DECLINED}:
        return
    if payment.status != PaymentStatus.VOIDING:
        payment.move_to(PaymentStatus.VOIDING)
    payment.provider_id = outcome.provider_id
    messages = [Message("payment.void", {"order": order.pk})]
    book.record(order, "LateAuthorization", details={"payment": outcome.provider_id}, messages=messages)


def _free_key(order: Order) -> None:
    """Nothing happened, so the key may be used again: a retry after the provider's return is a new purchase."""
    if order.idempotency_key:
        order.idempotency_key.delete()
