"""What a cart costs, as a table and as properties: no database, no clock, no float."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.errors import CartIsEmpty, MixedCurrencies, NotForSale, TotalTooSmall
from orders.pricing import LEAST_TOTAL, Item, price_line, quote, to_cents
from shop.money.units import minor_units


def item(price: str = "10.00", quantity: int = 1, *, currency: str = "EUR", is_listed: bool = True) -> Item:
    return Item(1, "DESK", "Desk", Decimal(price), currency, is_listed, quantity)


PRICE_LIST = [
    ([("12.80", 1)], "12.80"),
    ([("12.80", 3)], "38.40"),
    ([("0.01", 99)], "0.99"),
    ([("0.00", 5), ("0.50", 1)], "0.50"),
    ([("99.90", 2), ("0.10", 2)], "200.00"),
    ([("9999999999.99", 1)], "9999999999.99"),
]


@pytest.mark.roadmap("testing/unit-tests")
@pytest.mark.parametrize(("lines", "total"), PRICE_LIST)
def test_cart_costs(lines: list[tuple[str, int]], total: str) -> None:
    assert quote([item(*line) for line in lines]).total == Decimal(total)


@pytest.mark.parametrize(
    ("amount", "cents"), [("1.005", "1.01"), ("1.004", "1.00"), ("2.675", "2.68"), ("-1.005", "-1.01")]
)
@pytest.mark.roadmap("databases/data-types")
def test_half_a_cent_is_rounded_up_as_on_an_invoice_and_not_as_floats_do(amount: str, cents: str) -> None:
    assert to_cents(Decimal(amount)) == Decimal(cents)
    assert amount != "2.675" or round(float(amount), 2) == 2.67


@pytest.mark.parametrize(("amount", "units"), [("12.80", 1280), ("0.01", 1), ("0.29", 29), ("1.10", 110)])
def test_provider_counts_in_cents(amount: str, units: int) -> None:
    assert minor_units(Decimal(amount)) == units


def test_empty_cart_is_refused() -> None:
    with pytest.raises(CartIsEmpty):
        quote([])


def test_product_that_left_the_shop_is_refused_by_name() -> None:
    with pytest.raises(NotForSale) as refusal:
        quote([item(), item(is_listed=False)])

    assert refusal.value.sku == "DESK"


@pytest.mark.parametrize("lines", [[("0.00", 5)], [("0.30", 1)], [("0.49", 1)], [("0.10", 2), ("0.29", 1)]])
def test_total_that_the_provider_does_not_take_is_refused(lines: list[tuple[str, int]]) -> None:
    with pytest.raises(TotalTooSmall) as refusal:
        quote([item(*line) for line in lines])

    assert (refusal.value.least, refusal.value.currency) == (Decimal("0.50"), "EUR")


def test_two_currencies_are_refused() -> None:
    with pytest.raises(MixedCurrencies) as refusal:
        quote([item(), item(currency="CHF")])

    assert refusal.value.currencies == ["CHF", "EUR"]


prices = st.decimals(min_value=0, max_value=10**6, places=4)
items = st.builds(
    Item, st.integers(1, 9), st.just("SKU"), st.just("Name"), prices, st.just("EUR"), st.just(True), st.integers(1, 99)
)


@pytest.mark.roadmap("testing/unit-tests")
@given(st.lists(items, min_size=1, max_size=20))
def test_lines_add_up_and_nothing_is_ever_negative_or_finer_than_a_cent(cart: list[Item]) -> None:
    assume(sum(price_line(line).total for line in cart) >= LEAST_TOTAL)

    quoted = quote(cart)

    assert sum(line.total for line in quoted.lines) == quoted.total
    assert all(line.total == line.unit_price * line.quantity >= 0 for line in quoted.lines)
    assert all(amount == to_cents(amount) for line in quoted.lines for amount in (line.unit_price, line.total))
    assert minor_units(quoted.total) == quoted.total * 100
