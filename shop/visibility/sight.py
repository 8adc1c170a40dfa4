"""The table of this package, read for one person.

Roadmap: commerce/permission-based-visibility
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

#: Members of a product that are there for who may see what it costs.
INSIDE = ("trade_price", "cost")
PERMISSION, SCOPE = "shop.view_product_cost", "catalog:write"


class Sight(NamedTuple):
    """What somebody sees of products: the trade price in the place of the price; what products cost the house."""

    is_business: bool = False
    is_inside: bool = False


EVERYBODY = Sight()


def sight_of(person: "User | AnonymousUser", scopes: Collection[str] | None = None) -> Sight:
    """Return what this person sees, or a program that acts for them within `scopes`. Asks no role of a customer."""
    if not person.is_authenticated:
        return EVERYBODY
    if not person.is_staff:
        return Sight(is_business=person.pays_trade_prices)
    is_trusted = scopes is None or SCOPE in scopes
    return Sight(is_inside=is_trusted and person.has_perm(PERMISSION))
