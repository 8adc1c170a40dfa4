"""What it costs to send a parcel: by weight, and by the region that its country lies in.

          up to 2 kg    10 kg    31.5 kg    heavier
    home        free     free       free       free
    union       8.90    16.90      32.90    several parcels, of 31.5 kg each and what is left
    world      19.90    44.90     119.00    likewise

The figures are those of this demo shop; a parcel that weighs nothing (a voucher, or a product that nobody has put on
the scales yet) costs nothing.

Roadmap: commerce/pricing, languages/syntax-basics
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from shop.money.units import to_cents


class Region(Enum):
    """How far it is."""

    HOME = "home"
    UNION = "union"
    WORLD = "world"


#: Where the shop stands: an address there is home, and a cart that names no country is priced as if it were sent there.
HOME_COUNTRY = "DE"
UNION = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a parcel costs that weighs no more than this."""

    up_to_g: int
    price: Decimal


#: By region, the lightest first, in euros. No rates: sending is free.
RATES: dict[Region, tuple[Rate, ...]] = {
    Region.HOME: (),
    Region.UNION: (Rate(2_000, Decimal("8.90")), Rate(10_000, Decimal("16.90")), Rate(31_500, Decimal("32.90"))),
    Region.WORLD: (Rate(2_000, Decimal("19.90")), Rate(10_000, Decimal("44.90")), Rate(31_500, Decimal("119.00"))),
}
#: How many of a currency a carrier's euro is counted as, rounded up generously; the shop reads no exchange rates.
A_EURO_IN = {"DKK": Decimal(8), "NOK": Decimal(12), "PLN": Decimal("4.50"), "SEK": Decimal(12)}


def region_of(country: str) -> Region:
    """Return the region of a country (ISO 3166-1 alpha-2)."""
    if country == HOME_COUNTRY:
        return Region.HOME
    return Region.UNION if country in UNION else Region.WORLD


def shipping(weight_g: int, country: str, currency: str) -> Decimal:
    """Return what it costs to send so many grams there."""
    rates = RATES[region_of(country)]
    if not rates or not weight_g:
        return Decimal("0.00")
    heaviest = rates[-1]
    parcels, rest = divmod(weight_g, heaviest.up_to_g)
    euros = parcels * heaviest.price + _price_of(rest, rates)
    return to_cents(euros * A_EURO_IN.get(currency, Decimal(1)))


def _price_of(weight_g: int, rates: tuple[Rate, ...]) -> Decimal:
    if weight_g == 0:
        return Decimal("0.00")
    return next(rate.price for rate in rates if weight_g <= rate.up_to_g)
