"""What a cart would cost if it were bought now: the same prices as in the purchase, and nothing is counted or promised.

Roadmap: commerce/pricing
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from orders import pricing
from orders.coupons import discount_of, refusal
from orders.errors import MixedCurrencies
from orders.models import Coupon
from orders.pricing.shipping import HOME_COUNTRY


@dataclass(frozen=True, slots=True)
class Estimate:
    """The parts, and why the coupon takes nothing off (an empty text: it does, or there is none).

    No quote: the lines are of several currencies.
    """

    quote: pricing.Quote | None
    problem: str = ""


def estimate(
    items: Sequence[pricing.Item], coupon: Coupon | None, *, country: str = HOME_COUNTRY, now: datetime | None = None
) -> Estimate:
    """Add the cart up with its coupon if that would be taken now, else without, as a purchase that goes on would."""
    problem = refusal(coupon, now or timezone.now()) if coupon else ""
    discount = discount_of(coupon) if coupon and not problem else None
    try:
        quote = pricing.add_up(items, country=country, discount=discount)
    except MixedCurrencies:
        return Estimate(None, problem)
    return Estimate(quote, "brings_nothing" if discount and not quote.discount else problem)
