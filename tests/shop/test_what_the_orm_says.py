"""Six typical calls and the SQL that Django makes of them; and what an ORM is beside that: identity, laziness, a unit
of work that is not there."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F
from django.test.utils import CaptureQueriesContext

from shop.models import Category, Product, Stock
from tests.factories import product

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("orm/what-is-an-orm")]
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "narrow": (lambda: list(Product.objects.listed().in_stock()), 'WHERE ("shop_product"."is_listed" AND'),
    "order": (lambda: Product.objects.order_by("-price").first(), 'ORDER BY "shop_product"."price" DESC LIMIT 1'),
    "join": (
        lambda: list(Product.objects.select_related("category")),
        'INNER JOIN "shop_category" ON ("shop_product"."category_id" = "shop_category"."id")',
    ),
    "count": (
        lambda: list(Category.objects.annotate(how_many=Count("products"))),
        'LEFT OUTER JOIN "shop_product" ON ("shop_category"."id" = "shop_product"."category_id") GROUP BY',
    ),
    "change in place": (
        lambda: Product.objects.filter(sku="DESK").update(price=F("price") + 1),
        'SET "price" = ("shop_product"."price" + 1)',
    ),
    "ask whether": (lambda: Product.objects.filter(sku="DESK").exists(), "SELECT 1 AS"),
}


@pytest.mark.parametrize("name", CALLS)
def test_call_is_one_statement_that_says(name: str) -> None:
    call, sql = CALLS[name]
    product(sku="DESK")

    with CaptureQueriesContext(connection) as captured:
        call()

    [statement] = [re.sub(r"\s+", " ", query["sql"]) for query in captured]
    assert sql in statement


def test_nothing_is_asked_before_somebody_looks_and_then_only_once() -> None:
    product(stocked=1)

    with CaptureQueriesContext(connection) as captured:
        wanted = Product.objects.listed().in_stock().order_by("name")
        assert len(captured) == 0
        assert len(list(wanted)) == len(list(wanted)) == 1

    assert len(captured) == 1


def test_two_reads_are_two_objects_of_one_row_and_the_last_one_saved_wins() -> None:
    desk = product(price=Decimal(100))
    mine, yours = Product.objects.get(pk=desk.pk), Product.objects.get(pk=desk.pk)

    mine.name, yours.price = "Oak desk", Decimal(90)
    mine.save()
    yours.save()

    desk.refresh_from_db()
    assert mine == yours
    assert mine is not yours
    assert (desk.price, desk.name == "Oak desk") == (Decimal(90), False)  # hence `update(price=F(...))` and locked rows


def test_each_save_is_a_statement_and_the_transaction_is_all_that_ties_them() -> None:
    desk = product(stocked=3)
    desk.name = "Never to be"

    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        desk.save(update_fields=["name"])
        Stock.objects.filter(product=desk).update(on_hand=F("on_hand") + 1)
        transaction.set_rollback(True)

    assert len([query for query in captured if query["sql"].startswith("UPDATE")]) == 2
    desk.refresh_from_db()
    assert (desk.name == "Never to be", desk.stock.on_hand) == (False, 3)
