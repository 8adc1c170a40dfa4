"""The whole cart: its lines, what comes off, what sending costs, and what there is to pay.

    total = subtotal - discount + shipping, never negative;  the tax is in it

Refuses: an empty cart, a product that is no longer listed, two currencies in one cart, a total that nobody can pay.

Roadmap: commerce/pricing, languages/syntax-basics
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orders.errors import CartIsEmpty, MixedCurrencies, NotForSale, TotalTooSmall
from orders.pricing.discounts import Discount, worth
from orders.pricing.lines import Item, PricedLine, price_line
from orders.pricing.shipping import HOME_COUNTRY, shipping
from orders.pricing.taxes import SHIPPING, Tax, taxes
from shop.money.units import to_cents

#: The provider refuses smaller payments. Stripe's figure for euros, dollars and francs; some currencies have another
#: (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
LEAST_TOTAL = Decimal("0.50")
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Quote:
    """What the whole cart costs, and of what it is made up."""

    lines: tuple[PricedLine, ...]
    currency: str
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    taxes: tuple[Tax, ...]

    @property
    def total(self) -> Decimal:
        """What there is to pay."""
        return self.subtotal - self.discount + self.shipping

    @property
    def tax(self) -> Decimal:
        """How much of the total is tax."""
        return sum((tax.amount for tax in self.taxes), NOTHING)


def quote(items: Sequence[Item], *, country: str = HOME_COUNTRY, discount: Discount | None = None) -> Quote:
    """Price the cart for a purchase; the caller's own idea of a price is never asked for."""
    if not items:
        raise CartIsEmpty
    for item in items:
        if not item.is_listed:
            raise NotForSale(item.sku)
    quoted = add_up(items, country=country, discount=discount)
    if quoted.total < LEAST_TOTAL:
        raise TotalTooSmall(LEAST_TOTAL, quoted.currency)
    return quoted


def add_up(items: Sequence[Item], *, country: str = HOME_COUNTRY, discount: Discount | None = None) -> Quote:
    """Price a cart that nobody buys yet, whatever is in it; only two currencies have no sum."""
    currencies = sorted({item.currency for item in items})
    if len(currencies) > 1:
        raise MixedCurrencies(currencies)
    currency = currencies[0] if items else ""
    lines = tuple(price_line(item) for item in items)
    off = _taken_off(lines, currency, discount)
    sending = shipping(sum(line.weight_g for line in lines), country, currency)
    paid = [(line.tax_class, line.total - less) for line, less in zip(lines, off, strict=True)]
    return Quote(lines, currency, worth(lines), sum(off, NOTHING), sending, taxes([*paid, (SHIPPING, sending)]))


def _taken_off(lines: Sequence[PricedLine], currency: str, discount: Discount | None) -> list[Decimal]:
    """Hold each line's discount between nothing and what the line costs."""
    if discount is None:
        return [NOTHING for _ in lines]
    asked = discount.off(lines, currency)
    return [min(max(to_cents(less), NOTHING), line.total) for line, less in zip(lines, asked, strict=True)]
