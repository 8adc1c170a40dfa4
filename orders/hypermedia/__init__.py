"""Where carts, orders and imports lead: only what their state, the house's policies and the caller's rights allow now.

The same rules decide when a link is followed, under the order's lock; a link is no promise, since somebody else may be
faster. Everything that is looked at here was read with the object: links ask no query of their own.

Roadmap: api/hateoas
"""

from decimal import Decimal

from accounts.hypermedia import Guide, Links
from accounts.models import User
from orders import policies
from orders.models import Order, StockImport

#: The least that can be given back: whoever may not even give that, is shown no way to it.
CENT = Decimal("0.01")


def of_cart(guide: Guide, has_lines: bool) -> Links:
    """What goes into the cart, and the button, once there is something to buy and somebody who may."""
    yield "self", guide.link("cart")
    yield "add", guide.link("cart-lines", method="POST")
    if has_lines:
        yield "checkout", guide.link("orders", method="POST")


def of_order(guide: Guide, order: Order) -> Links:
    """Look at it, follow its parcel, call it off, give its money back, pack it."""
    actor = guide.person
    yield "self", guide.link("order", order.number)
    if order.fulfilments:
        yield "fulfilments", guide.link("fulfilments", order.number)
    if not isinstance(actor, User):
        return
    if order.is_cancellable and policies.decide("order.cancel", actor, order).is_allowed:
        yield "cancel", guide.link("cancellation", order.number, method="POST")
    if order.is_refundable and _may_refund(actor, order):
        yield "refund", guide.link("refunds", order.number, method="POST")
    if order.is_packable and policies.decide("order.fulfil", actor, order).is_allowed:
        yield "fulfil", guide.link("fulfilments", order.number, method="POST")


def of_import(guide: Guide, job: StockImport) -> Links:
    """Look again, and see what was refused."""
    yield "self", guide.link("stock-import", job.pk)
    if job.refused:
        yield "refusals", guide.link("stock-import-refusals", job.pk)


def _may_refund(actor: User, order: Order) -> bool:
    least = order.payment.refunded_amount + CENT
    return policies.decide("order.refund", actor, order, total=least).is_allowed
