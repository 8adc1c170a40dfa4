"""A query that is written once brings what the same queryset brings, whoever asks, in whichever thread."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.models import Product
from shop.rows import reading
from shop.rows.compiled import Compiled, Slot
from tests.factories import product

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("performance/code-optimization")]
EVERYTHING = ("images", "trade_price", "cost")
HOSTILE = ("' OR true --", "%s", "%(slug)s", "\\", '"; DROP TABLE shop_product; --')


def slot(name: str, field: str) -> Any:
    return Slot(name, Product._meta.get_field(field))


def by_slug() -> Compiled:
    return Compiled(Product.objects.filter(slug=slot("slug", "slug")).values_list("sku", "name", named=True))


@pytest.fixture
def desk(db: None) -> Product:
    """With all that a column can need: JSON, amounts, none, arrays, an array of objects."""
    made = product(
        slug="desk", sku="D-1", price="120.00", trade_price="99.50", attributes={"wood": ["oak", None], "legs": 4},
        bulk_from=[10], bulk_prices=["90.00"],
    )  # fmt: skip
    made.images.create(alt='Ü "desk"', digest="1", width=9, height=8, is_ready=True)
    return made


@pytest.mark.parametrize("pays_trade_prices", [True, False])
def test_brings_what_the_queryset_brings(desk: Product, pays_trade_prices: bool) -> None:
    reader = reading.Reader(pays_trade_prices, EVERYTHING)
    products = reading.columns(Product.objects.priced_for(reader), EVERYTHING, *reading.OWN)

    assert Compiled(products.filter(slug=slot("slug", "slug"))).rows(slug="desk") == list(products.filter(slug="desk"))


def test_columns_come_as_the_orm_makes_them(desk: Product) -> None:
    row = reading.one(reading.Reader(pays_trade_prices=True, members=EVERYTHING), "desk")

    assert (row.own_price, row.price, row.cost) == (Decimal("99.50"), Decimal("120.00"), None)
    assert row.attributes == {"wood": ["oak", None], "legs": 4}
    assert (row.bulk_from, row.bulk_prices) == ([10], [Decimal("90.00")])
    assert [picture["alt"] for picture in row.pictures] == ['Ü "desk"']
    assert row.rating__count is None


def test_row_makes_the_product_that_it_was_read_from(desk: Product) -> None:
    read = reading.product_of(reading.one(reading.Reader(pays_trade_prices=False, members=()), "desk"))
    plain = Product.objects.get(slug="desk")

    assert read == plain
    assert all(getattr(read, name) == getattr(plain, name) for name in reading.OWN)
    assert read.get_deferred_fields() == {"search_vector"}


@pytest.mark.parametrize("value", HOSTILE)
def test_value_is_never_in_the_text(desk: Product, value: str) -> None:
    told: list[tuple[str, Any]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        told.append((sql, params))
        return execute(sql, params, many, context)

    compiled = by_slug()
    with connection.execute_wrapper(listen):
        assert compiled.rows(slug=value) == []
        assert [row.sku for row in compiled.rows(slug="desk")] == ["D-1"]

    (first, its_params), (second, _) = told
    assert first == second
    assert list(its_params) == [value]


def test_none_is_a_value_like_others_and_equals_nothing(desk: Product) -> None:
    products = Product.objects.filter(cost=slot("cost", "cost")).values_list("sku", named=True)

    assert Compiled(products).rows(cost=None) == []


def test_slot_without_a_value_asks_nothing(desk: Product) -> None:
    compiled = by_slug()

    with CaptureQueriesContext(connection) as captured, pytest.raises(KeyError):
        compiled.rows()
    assert not captured


def test_value_is_sent_as_the_field_of_its_slot_sends_it(desk: Product) -> None:
    dear = Compiled(Product.objects.filter(price__gte=slot("least", "price")).values_list("sku", named=True))

    assert [row.sku for row in dear.rows(least=Decimal("120.00"))] == ["D-1"]
    assert dear.rows(least=Decimal("120.01")) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_gets_what_it_asked_for() -> None:
    for number in range(8):
        product(slug=f"p-{number}", sku=f"P-{number}", attributes={"number": number})
    fields = Product.objects.filter(slug=slot("slug", "slug")).values_list("sku", "attributes", named=True)
    with ThreadPoolExecutor(1) as first:  # its connection is gone before anybody else asks
        compiled: Compiled = first.submit(lambda: and_close(lambda: Compiled(fields))).result()
    together = Barrier(8)

    def ask(number: int) -> list[Any]:
        together.wait(10)
        return [compiled.rows(slug=f"p-{number}") for _ in range(20)]

    with ThreadPoolExecutor(8) as threads:
        asked = {number: threads.submit(and_close, lambda number=number: ask(number)) for number in range(8)}

    for number, answers in asked.items():
        assert answers.result() == [[(f"P-{number}", {"number": number})]] * 20


def and_close(work: Any) -> Any:
    """Do it, and leave no connection of this thread behind."""
    try:
        return work()
    finally:
        connection.close()
