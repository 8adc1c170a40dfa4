"""Puts invented products by the hundred thousand into a running shop, with PostgreSQL's COPY.

    ids from the sequence ─► one transaction: invent and COPY product, COPY stock, COPY stock entry ─► the next batch

An INSERT per row costs a million round trips; COPY sends a batch as one stream, and all constraints, triggers and
indexes still hold. This is the one place beside `shop/stock.py` that writes stock: the rows belong to products born in
the same transaction, so nobody can wait for them or hold them locked, and each ledger starts with what is on hand.
Refuses to run inside somebody else's transaction: a batch that was reported is committed.

Roadmap: databases/acid, commerce/inventory, languages/python
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from psycopg import Copy

from shop.cache.changes import shelves_changed
from shop.catalogue.invention import Invention, invent
from shop.models import Category, StockEntry

Row = tuple[Any, ...]

BATCH = 5_000  # about a second of work: little is lost by Ctrl-C, and the price of a commit no longer shows

PRODUCT = """COPY shop_product (id, category_id, sku, slug, name, description, price, currency, attributes, is_listed,
created_at, updated_at, weight_g) FROM STDIN"""
STOCK = "COPY shop_stock (product_id, on_hand, reserved) FROM STDIN"
ENTRY = "COPY shop_stockentry (product_id, kind, quantity, reference, at) FROM STDIN"


def copy_inventions(count: int, *, seed: int, batch: int = BATCH) -> Iterator[int]:
    """Add `count` invented products, yielding the size of each batch once it is committed.

    The number of a product is its id, drawn from the table's own sequence: a later run goes on where this one stopped,
    and two runs at once never meet. An interrupted batch leaves a gap in the numbers and nothing else.
    """
    categories = dict(Category.objects.values_list("slug", "id"))
    for start in range(0, count, batch):
        numbers = _draw_numbers(min(batch, count - start))
        with transaction.atomic(durable=True):
            _copy_batch(numbers, seed, categories)
            shelves_changed()
        yield len(numbers)


def analyze() -> None:
    """Tell the planner what came in; until then it plans for an empty shop and reads every row where ten would do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("ANALYZE shop_product, shop_stock, shop_stockentry")


def _draw_numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        sql = "SELECT nextval(pg_get_serial_sequence('shop_product', 'id')) FROM generate_series(1, %s)"
        cursor.execute(sql, [count])
        return [number for (number,) in cursor.fetchall()]


def _copy_batch(numbers: list[int], seed: int, categories: dict[str, int]) -> None:
    """Each product is invented while the server is indexing the one before: on two cores both are busy."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # The limit of five seconds is meant for requests; on a slow disk the full-text index may take longer.
        cursor.execute("SET LOCAL statement_timeout = 0")
    deliveries: list[tuple[int, int, datetime]] = []
    with _copy(PRODUCT) as copy:
        for number in numbers:
            product = invent(seed, number)
            on_sale_since = now - timedelta(seconds=product.age)
            copy.write_row(_product_row(number, product, categories[product.category], on_sale_since, now))
            deliveries.append((number, product.on_hand, on_sale_since))
    with _copy(STOCK) as copy:
        for number, on_hand, _ in deliveries:
            copy.write_row((number, on_hand, 0))
    with _copy(ENTRY) as copy:
        for number, on_hand, at in deliveries:
            if on_hand:
                copy.write_row((number, StockEntry.Kind.RECEIVED.value, on_hand, "opening stock", at))


@contextmanager
def _copy(sql: str) -> Iterator[Copy]:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as copy:
        yield copy


def _product_row(number: int, product: Invention, category: int, on_sale_since: datetime, now: datetime) -> Row:
    words = (product.sku, product.slug, product.name, product.description)
    attributes = json.dumps(product.attributes, ensure_ascii=False)
    state = (product.is_listed, on_sale_since, now, product.attributes.get("weight_g", 0))
    return (number, category, *words, product.price, "EUR", attributes, *state)
