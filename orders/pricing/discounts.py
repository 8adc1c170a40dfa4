"""What comes off a cart. A discount is any object that says, for each line, how much that line gets off.

    Percentage(10)             a tenth of everything, rounded once and then shared out
    FixedAmount(Money)         so much of everything, at most all of it
    BuyNGetOne(2)              of each product every third unit

A new kind is a new class with the one method `off`. Neither `quotes.py` nor the checkout knows the three above: they
ask `off`, and hold the answer between nothing and the price of the line, so that no rule however wrong makes a total
negative.

Roadmap: languages/classes-and-objects, commerce/pricing
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from orders.pricing.lines import PricedLine
from shop.money.amounts import Money
from shop.money.units import to_cents


class Discount(Protocol):
    """Anything that takes something off."""

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        """Return what each line gets off, in whole cents and in the order of the lines; all zeros where it brings
        nothing.
        """


@dataclass(frozen=True, slots=True)
class Percentage:
    """So many hundredths of the goods."""

    percent: Decimal

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        """Rounded once, for the whole: ten lines that are rounded each would be up to five cents beside the tenth."""
        return _shared(Money(to_cents(worth(lines) * self.percent / 100), currency), lines)


@dataclass(frozen=True, slots=True)
class FixedAmount:
    """So much money, as far as the goods are worth it; nothing in another currency."""

    money: Money

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        """Each line carries its share, because lines may be taxed differently."""
        if self.money.currency != currency:
            return [Decimal("0.00") for _ in lines]
        return _shared(Money(min(self.money.amount, worth(lines)), currency), lines)


@dataclass(frozen=True, slots=True)
class BuyNGetOne:
    """Of every n + 1 units of one product, one costs nothing."""

    n: int

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        """Line by line: two lamps and one desk are not three of anything."""
        return [line.unit_price * (line.quantity // (self.n + 1)) for line in lines]


def worth(lines: Sequence[PricedLine]) -> Decimal:
    """Return what the lines cost together, before anything comes off."""
    return sum((line.total for line in lines), Decimal("0.00"))


def _shared(whole: Money, lines: Sequence[PricedLine]) -> list[Decimal]:
    return [part.amount for part in whole.share([line.total for line in lines])]
