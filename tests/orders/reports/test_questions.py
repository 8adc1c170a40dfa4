"""Each join on rows that match, that stand on the left alone, and that stand on the right alone."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError

from accounts.models import User
from orders import cancellation
from orders.models import OrderLine
from orders.reports.questions import QUESTIONS, ask
from shop.models import Product
from tests.factories import product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

pytestmark = [pytest.mark.roadmap("databases/joins")]


@pytest.fixture
def sold(alice: User) -> Product:
    """Alice has bought two."""
    return ordered(alice, FakeGateway()).lines.get().product


def skus(name: str, *listed: dict[str, object]) -> list[str]:
    return [row["sku"] for row in ask(name, listed)]


def test_inner_join_has_what_stands_on_both_sides(sold: Product) -> None:
    product()

    [row] = ask("sold")

    assert (row["sku"], row["units"], str(row["revenue"]), row["currency"]) == (sold.sku, 2, "25.60", "EUR")


def test_what_was_cancelled_was_not_sold(alice: User) -> None:
    order = ordered(alice, FakeGateway())

    cancellation.cancel(order.pk, actor=alice)

    assert ask("sold") == []


def test_left_join_has_products_without_a_line(sold: Product) -> None:
    dull = product()
    product(is_listed=False)

    assert skus("never-sold") == [dull.sku]


def test_right_join_has_charges_without_a_payment(sold: Product) -> None:
    ours = OrderLine.objects.get(product=sold).order.payment.provider_id
    charges = [{"id": name, "amount": "12.80", "currency": "EUR"} for name in (ours, "pi_stranger")]

    assert [row["id"] for row in ask("foreign-charges", charges)] == ["pi_stranger"]


def test_full_join_has_what_either_side_knows_alone(db: None) -> None:
    right, wrong, lost = product(stocked=4), product(stocked=4), product(stocked=1)

    counted = [{"sku": right.sku, "counted": 4}, {"sku": wrong.sku, "counted": 3}, {"sku": "FOUND", "counted": 7}]

    rows = {row["sku"]: (row["on_hand"], row["counted"]) for row in ask("shelf-differences", counted)}
    assert rows == {wrong.sku: (4, 3), lost.sku: (1, None), "FOUND": (None, 7)}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_report_can_be_asked_of_an_empty_shop(db: None, name: str) -> None:
    assert ask(name) == []


def test_report_cannot_write(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(QUESTIONS, "vandal", tmp_path / "vandal.sql")
    QUESTIONS["vandal"].write_text("DELETE FROM shop_product RETURNING id")

    with pytest.raises(InternalError, match="read-only"):
        ask("vandal")


def test_command_prints_csv_and_refuses_what_it_cannot_read(db: None, tmp_path: Path) -> None:
    counted, printed = tmp_path / "counted.json", StringIO()
    counted.write_text(json.dumps([{"sku": "FOUND", "counted": 7}]))

    call_command("report", "shelf-differences", list=counted, stdout=printed)

    assert printed.getvalue() == "sku,on_hand,counted\nFOUND,,7\n"
    with pytest.raises(CommandError, match="There is no report 'sales'"):
        call_command("report", "sales")
    counted.write_text('{"sku": "FOUND"}')
    with pytest.raises(CommandError, match="no JSON list"):
        call_command("report", "shelf-differences", list=counted)
