"""Money in whole cents, and back: pure functions on Decimal, no float.

All currencies of the shop have two decimals (`shop.models.catalogue.Currency`, and a constraint behind it).

Roadmap: languages/syntax-basics
"""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def minor_units(amount: Decimal) -> int:
    """Return the amount in the smallest unit of a two-decimal currency, as payment providers count: 12.80 → 1280."""
    return int(amount.quantize(CENT, ROUND_HALF_UP) * 100)


def from_minor_units(units: int) -> Decimal:
    """Return the amount that so many of the smallest unit are: 1280 → 12.80."""
    return units * CENT
