"""How much of a total is tax. Prices contain it, as shoppers see them; an invoice says how much, for each rate.

    goods at 19 %   119.00    of which tax  119.00 × 19 / 119 = 19.00
    goods at  7 %    10.70    of which tax   10.70 ×  7 / 107 =  0.70

Rounded once for each rate, over all lines of that rate: rounded line by line, ten lines would stray by up to five cents
from what the tax office works out of the total.

Roadmap: commerce/pricing, languages/syntax-basics
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from shop.money.tax_classes import TaxClass
from shop.money.units import to_cents

#: In hundredths, where the shop stands. Elsewhere: 10 and 8 in Japan, 20 and 5.5 in France.
RATES: Mapping[str, Decimal] = {TaxClass.STANDARD: Decimal(19), TaxClass.REDUCED: Decimal(7)}
#: Sending is a service, whatever is in the parcel.
SHIPPING = TaxClass.STANDARD


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of one rate, and the amount that contains it."""

    rate: Decimal
    gross: Decimal
    amount: Decimal


def taxes(amounts: Iterable[tuple[str, Decimal]], rates: Mapping[str, Decimal] = RATES) -> tuple[Tax, ...]:
    """Sum (tax class, amount with tax) by rate and say what is in it, the highest rate first; rates of nothing are
    left out.
    """
    gross: dict[Decimal, Decimal] = {}
    for tax_class, amount in amounts:
        rate = rates[tax_class]
        gross[rate] = gross.get(rate, Decimal("0.00")) + amount
    return tuple(
        Tax(rate, gross[rate], contained(gross[rate], rate)) for rate in sorted(gross, reverse=True) if gross[rate]
    )


def contained(gross: Decimal, rate: Decimal) -> Decimal:
    """Return the tax in an amount that contains it."""
    return to_cents(gross * rate / (100 + rate))
