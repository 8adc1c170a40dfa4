"""Coupons: put on a cart, used by the order that is made of it, and free again when nothing comes of that order.

    attach ─► (cart) ─► redeem: uses + 1, in the order's own transaction ─┬─► order paid: used
                                                                         └─► order ended unsold: release, uses - 1

One UPDATE asks and counts, under the lock of the coupon's row: of two orders that want the last use one gets it. The
lock is taken after the cart's and before those of the stock, whoever takes them, so nobody waits in a circle.

Refuses: a code that nobody gave out (UnknownCoupon); one that is over, not begun, used up, or brings this cart nothing
(CouponNotValid).

Roadmap: commerce/pricing, databases/tcl
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from orders import cart, pricing
from orders.errors import CouponNotValid, UnknownCoupon
from orders.models import Cart, Coupon, Order
from orders.pricing.discounts import BuyNGetOne, Discount, FixedAmount, Percentage
from shop.money.amounts import Money

if TYPE_CHECKING:
    from accounts.models import User

#: What a coupon of each kind takes off. A new kind is a class in `pricing/discounts.py`, its name in `Coupon.Kind` (and
#: in the constraint there), and a line here.
DISCOUNTS: dict[str, Callable[[Coupon], Discount]] = {
    Coupon.Kind.PERCENTAGE: lambda coupon: Percentage(coupon.value),
    Coupon.Kind.FIXED_AMOUNT: lambda coupon: FixedAmount(Money(coupon.value, coupon.currency)),
    Coupon.Kind.BUY_N_GET_ONE: lambda coupon: BuyNGetOne(int(coupon.value)),
}
# The limit is asked for again by whoever had to wait for the row: PostgreSQL looks at the WHERE anew after a wait.
REDEEM = """
UPDATE orders_coupon SET uses = uses + 1
WHERE id = %s AND starts_at <= %s AND (ends_at IS NULL OR %s < ends_at) AND (uses_limit IS NULL OR uses < uses_limit)
RETURNING *
"""


def discount_of(coupon: Coupon) -> Discount:
    """Return what it takes off."""
    return DISCOUNTS[coupon.kind](coupon)


def find(code: str) -> Coupon:
    """Return the coupon with this code, however it was typed; raise UnknownCoupon for none."""
    coupon = Coupon.objects.filter(code=code.strip().upper()).first()
    if coupon is None:
        raise UnknownCoupon(code)
    return coupon


def attach(owner: "User | str", code: str, *, now: datetime | None = None) -> Coupon:
    """Put a coupon on the cart of a user, or of the guest who holds the token, in the place of any other.

    Promises nothing, as a cart promises no stock: it is counted when the button is pressed.
    """
    coupon = find(code)
    if reason := refusal(coupon, now or timezone.now()):
        raise CouponNotValid(coupon.code, reason)
    opened = cart.open_for_guest(owner) if isinstance(owner, str) else cart.open_for_user(owner)
    Cart.objects.filter(pk=opened.pk).update(coupon=coupon)
    return coupon


def detach(owner: "User | str") -> None:
    """Take the coupon off the cart; a cart without one is as wanted already."""
    cart.of(owner).update(coupon=None)


def refusal(coupon: Coupon, now: datetime) -> str:
    """Say why the coupon is of no use now; an empty text if it is."""
    if now < coupon.starts_at:
        return "not_begun"
    if coupon.ends_at is not None and coupon.ends_at <= now:
        return "expired"
    if coupon.uses_limit is not None and coupon.uses >= coupon.uses_limit:
        return "used_up"
    return ""


def redeem(
    coupon_id: int, items: Sequence[pricing.Item], *, country: str, now: datetime
) -> tuple[pricing.Quote, Coupon]:
    """Count one use of the coupon and return what the cart costs with it.

    Raises CouponNotValid, with the use already counted where the cart is what the coupon does not fit: call it in a
    transaction or savepoint of its own, and let the error leave that one, which takes the count back.
    """
    coupon = next(iter(Coupon.objects.raw(REDEEM, [coupon_id, now, now])), None)
    if coupon is None:
        refused = Coupon.objects.get(pk=coupon_id)
        raise CouponNotValid(refused.code, refusal(refused, now) or "used_up")
    quote = pricing.quote(items, country=country, discount=discount_of(coupon))
    if not quote.discount:
        raise CouponNotValid(coupon.code, "brings_nothing")
    return quote, coupon


def release(order: Order) -> None:
    """Give the use of an order back that sold nothing. The caller has locked and moved the order: it happens once."""
    if order.coupon_id is not None:
        Coupon.objects.filter(pk=order.coupon_id).update(uses=F("uses") - 1)
