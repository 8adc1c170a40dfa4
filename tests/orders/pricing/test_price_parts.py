"""The parts of a price as a price list: quantity prices, discounts, shipping, tax; and that they add up to the cent."""

from collections.abc import Sequence
from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import Item, PriceBreak, PricedLine, add_up, price_line, to_cents
from orders.pricing.discounts import BuyNGetOne, Discount, FixedAmount, Percentage
from orders.pricing.shipping import Region, region_of, shipping
from orders.pricing.taxes import Tax, contained, taxes
from shop.money.amounts import CurrencyMismatch, Money
from shop.money.tax_classes import TaxClass

STANDARD, REDUCED = TaxClass.STANDARD, TaxClass.REDUCED
BREAKS = (PriceBreak(10, Decimal("9.50")), PriceBreak(50, Decimal("8.00")))


def item(price: str = "10.00", quantity: int = 1, **fields: Any) -> Item:
    return Item(1, "PEN", "Pen", Decimal(price), "EUR", True, quantity, **fields)


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.roadmap("commerce/pricing", "languages/syntax-basics")
@pytest.mark.parametrize(
    ("units", "each", "together"),
    [
        (1, "10.00", "10.00"),
        (9, "10.00", "90.00"),
        (10, "9.50", "95.00"),
        (49, "9.50", "465.50"),
        (50, "8.00", "400.00"),
        (99, "8.00", "792.00"),
    ],
)
def test_many_units_cost_less_each(units: int, each: str, together: str) -> None:
    line = price_line(item(quantity=units, breaks=BREAKS))

    assert (line.unit_price, line.total) == (Decimal(each), Decimal(together))


def test_quantity_price_above_the_price_of_one_is_no_price() -> None:
    assert price_line(item("5.00", 10, breaks=BREAKS)).unit_price == Decimal("5.00")


DISCOUNTS = [
    (Percentage(Decimal(10)), [("10.00", 1), ("5.00", 2)], ["1.00", "1.00"]),
    (Percentage(Decimal(10)), [("0.05", 1), ("0.05", 1), ("0.05", 1)], ["0.01", "0.01", "0.00"]),  # 1.5 cents, once
    (Percentage(Decimal(100)), [("9.99", 3)], ["29.97"]),
    (FixedAmount(Money(Decimal("5.00"), "EUR")), [("10.00", 1), ("10.00", 2)], ["1.67", "3.33"]),
    (FixedAmount(Money(Decimal("99.00"), "EUR")), [("10.00", 1)], ["10.00"]),
    (FixedAmount(Money(Decimal("5.00"), "CHF")), [("10.00", 1)], ["0.00"]),
    (BuyNGetOne(2), [("10.00", 3), ("7.00", 2)], ["10.00", "0.00"]),
    (BuyNGetOne(1), [("10.00", 5)], ["20.00"]),
]


@pytest.mark.roadmap("commerce/pricing", "languages/classes-and-objects")
@pytest.mark.parametrize(("discount", "lines", "off"), DISCOUNTS)
def test_discount_takes_off_each_line(discount: Discount, lines: list[tuple[str, int]], off: list[str]) -> None:
    priced = [price_line(item(*line)) for line in lines]

    assert discount.off(priced, "EUR") == amounts(*off)


@pytest.mark.parametrize(
    ("grams", "country", "currency", "cost"),
    [
        (40_000, "DE", "EUR", "0.00"),
        (0, "JP", "EUR", "0.00"),
        (1, "FR", "EUR", "8.90"),
        (2_000, "FR", "EUR", "8.90"),
        (2_001, "FR", "EUR", "16.90"),
        (31_500, "AT", "EUR", "32.90"),
        (31_501, "AT", "EUR", "41.80"),
        (63_000, "AT", "EUR", "65.80"),
        (2_000, "JP", "EUR", "19.90"),
        (2_000, "US", "USD", "19.90"),
        (2_000, "NO", "NOK", "238.80"),
    ],
)
@pytest.mark.roadmap("commerce/pricing", "languages/syntax-basics")
def test_parcel_costs(grams: int, country: str, currency: str, cost: str) -> None:
    assert shipping(grams, country, currency) == Decimal(cost)


@pytest.mark.parametrize(
    ("country", "region"), [("DE", Region.HOME), ("FR", Region.UNION), ("CH", Region.WORLD), ("XX", Region.WORLD)]
)
def test_every_country_lies_somewhere(country: str, region: Region) -> None:
    assert region_of(country) is region


@pytest.mark.roadmap("commerce/pricing", "languages/syntax-basics")
def test_tax_is_rounded_once_for_each_rate_and_not_line_by_line() -> None:
    ten_lines = [(STANDARD, Decimal("0.10"))] * 10  # 1.6 cents of tax in each
    line_by_line = sum(contained(gross, Decimal(19)) for _, gross in ten_lines)

    found = taxes([*ten_lines, (REDUCED, Decimal("10.70")), (REDUCED, Decimal("0.00"))])

    assert found == (Tax(Decimal(19), Decimal("1.00"), Decimal("0.16")), Tax(Decimal(7), *amounts("10.70", "0.70")))
    assert line_by_line == Decimal("0.20")


@pytest.mark.parametrize(
    ("rates", "tax"), [(("10", "8"), ["100", "80"]), (("20", "5.5"), ["183.33", "56.30"]), (("0", "0"), ["0"])]
)
def test_rates_of_another_country_are_another_table(rates: tuple[str, str], tax: list[str]) -> None:
    table = dict(zip((STANDARD, REDUCED), amounts(*rates), strict=True))

    found = taxes([(STANDARD, Decimal(1100)), (REDUCED, Decimal(1080))], table)

    assert [row.amount for row in found] == [to_cents(amount) for amount in amounts(*tax)]


@pytest.mark.roadmap("commerce/pricing")
def test_whole_cart_to_the_cent() -> None:
    pens = item(quantity=10, breaks=BREAKS, weight_g=150)
    book = item("21.40", tax_class=REDUCED, weight_g=700)

    quote = add_up([pens, book], country="FR", discount=Percentage(Decimal(10)))

    assert (quote.subtotal, quote.discount, quote.shipping) == tuple(amounts("116.40", "11.64", "16.90"))
    assert quote.total == Decimal("121.66")
    assert quote.taxes == (
        Tax(Decimal(19), *amounts("102.40", "16.35")),  # pens less their share, and the parcel
        Tax(Decimal(7), *amounts("19.26", "1.26")),
    )


def test_empty_cart_costs_nothing() -> None:
    quote = add_up([], discount=Percentage(Decimal(10)))

    assert (quote.total, quote.tax, quote.taxes, quote.currency) == (0, 0, (), "")


@dataclass(frozen=True)
class Reckless:
    """A discount by somebody who did not read the Protocol."""

    amount: Decimal

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        return [self.amount for _ in lines]


cents = st.decimals(min_value=0, max_value=10**5, places=2)
any_amount = st.decimals(min_value=-(10**6), max_value=10**6, places=4)
steps = st.lists(st.builds(PriceBreak, st.integers(2, 99), cents), max_size=3).map(tuple)
items = st.builds(
    Item, st.integers(1, 9), st.just("SKU"), st.just("Name"), cents, st.just("EUR"), st.just(True), st.integers(1, 99),
    steps, st.sampled_from(TaxClass), st.integers(0, 50_000),
)  # fmt: skip
discounts = st.one_of(
    st.none(),
    st.builds(Percentage, st.decimals(min_value=0, max_value=100, places=2)),
    st.builds(FixedAmount, st.builds(Money, cents, st.sampled_from(["EUR", "CHF"]))),
    st.builds(BuyNGetOne, st.integers(1, 5)),
    st.builds(Reckless, any_amount),
)


@pytest.mark.roadmap("commerce/pricing")
@given(st.lists(items, min_size=1, max_size=12), discounts, st.sampled_from(["DE", "FR", "JP"]))
def test_parts_add_up_to_the_cent_and_nothing_is_negative(
    cart: list[Item], discount: Discount | None, country: str
) -> None:
    quote = add_up(cart, country=country, discount=discount)

    parts = [quote.subtotal, quote.discount, quote.shipping, quote.total, quote.tax]
    assert all(part == to_cents(part) >= 0 for part in parts)
    assert quote.subtotal == sum(line.unit_price * line.quantity for line in quote.lines)
    assert quote.total == quote.subtotal - quote.discount + quote.shipping == sum(tax.gross for tax in quote.taxes)
    assert quote.discount <= quote.subtotal
    assert all(tax.amount == to_cents(tax.gross * tax.rate / (100 + tax.rate)) for tax in quote.taxes)


@given(st.lists(items, min_size=1, max_size=5), st.integers(1, 20))
def test_nobody_pays_more_for_each_by_taking_more(cart: list[Item], more: int) -> None:
    for line in cart:
        bigger = Item(**{name: getattr(line, name) for name in line.__slots__} | {"quantity": line.quantity + more})
        assert price_line(bigger).unit_price <= price_line(line).unit_price


@pytest.mark.roadmap("languages/classes-and-objects")
def test_equal_amounts_are_the_same_and_none_ever_changes() -> None:
    ten = Money(Decimal("10.00"), "EUR")

    assert ten == Money(Decimal(10), "EUR") != Money(Decimal(10), "CHF")
    assert len({ten, Money(Decimal(10), "EUR")}) == 1
    assert (str(ten + ten), str(ten - ten), str(ten * 3)) == ("20.00 EUR", "0.00 EUR", "30.00 EUR")
    with pytest.raises(FrozenInstanceError):
        ten.amount = Decimal(11)  # type: ignore[misc] # as mypy says, too
    with pytest.raises(CurrencyMismatch):
        ten + Money(Decimal(10), "CHF")
    with pytest.raises(ValueError, match="whole cents"):
        Money(Decimal("0.001"), "EUR")


@pytest.mark.roadmap("languages/classes-and-objects")
@given(cents, st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_shares_lose_no_cent_and_none_is_a_cent_beside_its_due(amount: Decimal, weights: list[int]) -> None:
    shares = [share.amount for share in Money(amount, "EUR").share(weights)]

    total = sum(weights)
    assert sum(shares) == (amount if total else 0)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - (amount * weight / total if total else 0)) < Decimal("0.01")
