"""What a cart costs: pure functions on Decimal, no database, no clock, no float.

Every amount has two places and is rounded half up, line by line, so that the lines of an invoice add up to its total.

Refuses: an empty cart, a product that is no longer listed, two currencies in one cart, a total that nobody can pay.

Roadmap: languages/syntax-basics
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from orders.errors import CartIsEmpty, MixedCurrencies, NotForSale, TotalTooSmall
from shop.money.units import CENT

#: The provider refuses smaller payments. Stripe's figure for euros, dollars and francs; some currencies have another
#: (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
LEAST_TOTAL = Decimal("0.50")


class Item(NamedTuple):
    """One cart line with what the shop says of its product at this moment."""

    product_id: int
    sku: str
    name: str
    price: Decimal
    currency: str
    is_listed: bool
    quantity: int


class PricedLine(NamedTuple):
    """A line as it will stand in the order."""

    product_id: int
    sku: str
    name: str
    unit_price: Decimal
    quantity: int
    total: Decimal


class Quote(NamedTuple):
    """What the whole cart costs."""

    lines: tuple[PricedLine, ...]
    currency: str
    total: Decimal


def quote(items: Sequence[Item]) -> Quote:
    """Price every line and the whole; the caller's own idea of a price is never asked for."""
    if not items:
        raise CartIsEmpty
    for item in items:
        if not item.is_listed:
            raise NotForSale(item.sku)
    currencies = sorted({item.currency for item in items})
    if len(currencies) > 1:
        raise MixedCurrencies(currencies)
    lines = tuple(price_line(item) for item in items)
    total = sum((line.total for line in lines), Decimal("0.00"))
    if total < LEAST_TOTAL:
        raise TotalTooSmall(LEAST_TOTAL, currencies[0])
    return Quote(lines, currencies[0], total)


def price_line(item: Item) -> PricedLine:
    """Price one line."""
    unit_price = to_cents(item.price)
    return PricedLine(item.product_id, item.sku, item.name, unit_price, item.quantity, unit_price * item.quantity)


def to_cents(amount: Decimal) -> Decimal:
    """Round to two places, half up, as invoices do."""
    return amount.quantize(CENT, ROUND_HALF_UP)
