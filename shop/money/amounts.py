"""An amount with its currency, as a value: two that are equal are the same, and none ever changes.

    Money("10.00", EUR) + Money("0.50", EUR)      Money("10.50", EUR)
    Money("10.00", EUR) + Money("0.50", CHF)      CurrencyMismatch
    Money("10.00", EUR).share([1, 1, 1])          3.34, 3.33, 3.33: parts of which no cent is missing

Refuses: a fraction of a cent, and sums of two currencies.

Roadmap: languages/classes-and-objects
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.money.units import CENT, from_minor_units, minor_units, to_cents


class CurrencyMismatch(ValueError):
    """Two currencies in one sum: a mistake in the program, so no shopper ever reads it."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """So much of one currency. Frozen, so that whoever was handed one need not fear that it changes."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Raise ValueError for a fraction of a cent: whoever makes an amount rounds it, and nobody after that."""
        if self.amount != to_cents(self.amount):
            raise ValueError(f"{self.amount} is not whole cents.")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, units: int) -> "Money":
        return Money(self.amount * units, self.currency)

    def share(self, weights: Sequence[Decimal | int]) -> "list[Money]":
        """Cut it into parts in proportion to the weights, which are not negative. The parts add up to the whole.

        Each gets its whole cents; the few that are left over go, one each, to whom most is missing (the method of the
        largest remainder). Where all weights are 0 there is nobody to give anything to, and every part is 0.
        """
        total, cents = sum(weights), minor_units(self.amount)
        if not total:
            return [Money(from_minor_units(0), self.currency) for _ in weights]
        whole = [int(cents * weight // total) for weight in weights]
        missing = sorted(range(len(weights)), key=lambda place: (whole[place] - cents * weights[place] / total, place))
        for place in missing[: cents - sum(whole)]:
            whole[place] += 1
        return [Money(part * CENT, self.currency) for part in whole]

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} have no sum.")
        return other.amount
