"""Cents and back: no amount is another one afterwards."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from shop.models import Currency
from shop.money.shapes import MoneyBodyField, is_textual
from shop.money.units import from_minor_units, minor_units
from shop.serializers import ProductSerializer

pytestmark = pytest.mark.roadmap("api/versioning")


@pytest.mark.parametrize("amount", ["0.00", "0.01", "12.80", "9999999999.99"])
def test_amount_comes_back_as_it_was(amount: str) -> None:
    assert str(from_minor_units(minor_units(Decimal(amount)))) == amount


CONTEXTS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"version": "v1"}, True),
    ({"version": "v2"}, False),
    ({"request": SimpleNamespace(version="v2")}, False),
    ({"request": SimpleNamespace()}, True),
    ({"request": SimpleNamespace(version=None)}, True),
]


@pytest.mark.parametrize(("context", "textual"), CONTEXTS)
def test_shape_is_that_of_v1_unless_a_later_version_is_asked_for(context: dict[str, Any], textual: bool) -> None:
    assert is_textual(context) == textual
    assert ("currency" in ProductSerializer(context=context).fields) == textual


def test_bounds_of_a_price_are_those_of_v1_and_the_document_says_so() -> None:
    text = SimpleNamespace(required=True, help_text="", min_value=None, max_digits=12)

    described = MoneyBodyField(text).described()["properties"]  # type: ignore[arg-type] # as much as it looks at

    assert (described["amount"]["minimum"], described["amount"]["maximum"]) == (
        0,
        minor_units(Decimal("9999999999.99")),
    )
    assert described["currency"]["enum"] == Currency.values
