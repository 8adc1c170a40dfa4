"""Money in whole cents, and back: pure functions on Decimal, no float. Here stands the one rule of rounding.

All currencies of the shop have two decimals (`shop.models.catalogue.Currency`, and a constraint behind it).

Roadmap: languages/syntax-basics
"""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Round to two places, half up (away from zero), as invoices do. Whatever is rounded anywhere, is rounded here."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def minor_units(amount: Decimal) -> int:
    """Return the amount in the smallest unit of a two-decimal currency, as payment providers count: 12.80 → 1280."""
    return int(to_cents(amount) * 100)


def from_minor_units(units: int) -> Decimal:
    """Return the amount that so many of the smallest unit are: 1280 → 12.80."""
    return units * CENT
