"""What one line costs: the price of the product, or the lower one that holds from so many units on.

Roadmap: commerce/pricing, languages/syntax-basics
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.money.tax_classes import TaxClass
from shop.money.units import to_cents


@dataclass(frozen=True, slots=True)
class PriceBreak:
    """A quantity price: whoever takes `least` units or more pays this for each."""

    least: int
    unit_price: Decimal


def breaks(quantities: Sequence[int], prices: Sequence[Decimal]) -> tuple[PriceBreak, ...]:
    """Put the two columns of a product side by side."""
    return tuple(PriceBreak(least, price) for least, price in zip(quantities, prices, strict=True))


@dataclass(frozen=True, slots=True)
class Item:
    """One cart line with what the shop says of its product at this moment."""

    product_id: int
    sku: str
    name: str
    price: Decimal
    currency: str
    is_listed: bool
    quantity: int
    breaks: tuple[PriceBreak, ...] = ()
    tax_class: str = TaxClass.STANDARD
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line as it will stand in the order. `total` is unit price times quantity, before any discount."""

    product_id: int
    sku: str
    name: str
    unit_price: Decimal
    quantity: int
    total: Decimal
    tax_class: str = TaxClass.STANDARD
    weight_g: int = 0


def price_line(item: Item) -> PricedLine:
    """Price one line. The weight is that of all its units."""
    unit_price = price_of_one(item)
    return PricedLine(
        product_id=item.product_id,
        sku=item.sku,
        name=item.name,
        unit_price=unit_price,
        quantity=item.quantity,
        total=unit_price * item.quantity,
        tax_class=item.tax_class,
        weight_g=item.weight_g * item.quantity,
    )


def price_of_one(item: Item) -> Decimal:
    """Return the lowest price that so many units have earned: a list of breaks that is out of order, or has a price
    above the product's own, lets nobody pay more for taking more.
    """
    lowest = item.price
    for step in item.breaks:
        if item.quantity >= step.least and step.unit_price < lowest:
            lowest = step.unit_price
    return to_cents(lowest)
