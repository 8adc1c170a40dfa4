"""What a role alone cannot decide: whose order it is, how much money, how long ago, what was bought.
One named rule for each act.

    decide("order.refund", actor, order, total=…) ─► Decision(is_allowed, reason)
    require(…)                                     ─► nothing, or NotAllowed with the reason, which is logged

Every protocol comes through the core functions that call `require`, so none of them can forget a rule.

Roadmap: auth/abac, auth/policy-based-authorization
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils import timezone

from orders.errors import NotAllowed
from orders.models import Order, OrderLine
from orders.states import OrderStatus
from shop.models import Product

if TYPE_CHECKING:
    from accounts.models import User

security = logging.getLogger("shop.security")

#: What support may give back of one order alone, in its currency.
REFUND_LIMIT = Decimal("100.00")
#: How long a buyer may change their mind.
CANCELLATION_TIME = timedelta(hours=24)


class Decision(NamedTuple):
    """Yes, or no and why: a sentence for the one who asked."""

    is_allowed: bool
    reason: str = ""


YES = Decision(True)


def may_cancel(actor: "User", order: Order, *, now: datetime | None = None) -> Decision:
    """The buyer for a day, support at any time, but for orders of their own."""
    if order.buyer_id != actor.pk:
        may = _holds(actor, "orders.cancel_order")
        return YES if may else Decision(False, "Only the buyer and our support can cancel an order.")
    if (now or timezone.now()) > order.placed_at + CANCELLATION_TIME:
        return Decision(False, "An order can be cancelled for 24 hours. Our support can do it later, too.")
    return YES


def may_refund(actor: "User", order: Order, *, total: Decimal) -> Decision:
    """Support up to a limit, a manager beyond it, and nobody to themselves.

    `total` is all that the order gets back, earlier refunds included: else many small ones would pass the limit.
    """
    if not _holds(actor, "orders.refund_order"):
        return Decision(False, "Refunds are given by our support.")
    if order.buyer_id == actor.pk:
        return Decision(False, "Nobody refunds their own order. Ask a colleague.")
    if total > REFUND_LIMIT and not _holds(actor, "orders.refund_any_amount"):
        return Decision(False, f"More than {REFUND_LIMIT} {order.currency} is given back by a manager.")
    return YES


def may_review(actor: "User", product: Product) -> Decision:
    """Whoever has paid for it, sent or not. One query by two indexes: the product's lines, and their buyer's orders."""
    bought = OrderLine.objects.filter(
        product=product, order__buyer=actor, order__status__in=[OrderStatus.PAID, OrderStatus.FULFILLED]
    )
    return YES if bought.exists() else Decision(False, "Reviews are written by buyers of the product.")


def may_fulfil(actor: "User", order: Order) -> Decision:
    """The warehouse, and nobody to themselves: who packs also says that it arrived."""
    if not _holds(actor, "orders.fulfil_order"):
        return Decision(False, "Orders are packed and sent by our warehouse.")
    if order.buyer_id == actor.pk:
        return Decision(False, "Nobody packs their own order. Ask a colleague.")
    return YES


POLICIES: dict[str, Callable[..., Decision]] = {
    "order.cancel": may_cancel,
    "order.refund": may_refund,
    "review.write": may_review,
    "order.fulfil": may_fulfil,
}


def decide(act: str, actor: "User", subject: Order | Product, **facts: Any) -> Decision:
    """Ask the rule of this name."""
    return POLICIES[act](actor, subject, **facts)


def require(act: str, actor: "User", subject: Order | Product, **facts: Any) -> None:
    """Raise NotAllowed with the reason unless the rule says yes."""
    decision = decide(act, actor, subject, **facts)
    if not decision.is_allowed:
        fields = {"user": actor.pk, "act": act, "subject": str(subject), "reason": decision.reason}
        security.warning("act-denied", extra=fields)
        raise NotAllowed(act, decision.reason)


def _holds(actor: "User", permission: str) -> bool:
    """A customer's groups are never asked for."""
    return bool(actor.is_staff and actor.has_perm(permission))
