"""The ledger is read backwards: what stood on the shelf before and after an entry, without reading all there is."""

import re

import pytest
from django.db import connection, transaction

from shop import ledger, stock
from shop.models import Product, StockEntry
from tests.factories import product

MANY = "INSERT INTO shop_stockentry (product_id, kind, quantity, reference, at) SELECT product_id, 'received', 1, "
READ = re.compile(r"on shop_stockentry.*?actual time=\S+ rows=([\d.]+) loops=(\d+)")


@pytest.fixture
def desk(db: None) -> Product:
    return product(sku="DESK", stocked=6)


def bring(desk: Product, units: int) -> None:
    with transaction.atomic():
        stock.receive(product_id=desk.pk, quantity=units, reference=f"note {units}")


def test_shelf_before_and_after_an_entry_is_what_is_left_without_all_later_ones(desk: Product) -> None:
    for units in range(1, 30):
        bring(desk, units)
    entry = StockEntry.objects.get(reference="note 10")

    [step] = ledger.entry(entry.pk)

    assert step == (entry.pk, "DESK", entry.at, 6 + sum(range(10)), 6 + sum(range(11)))


def test_entry_that_is_not_there_is_no_step(desk: Product) -> None:
    assert ledger.entry(0) == ledger.sale([desk.pk], reference="nobody") == []


@pytest.mark.breaks_the_books  # the entries have no units on the shelf
@pytest.mark.roadmap("databases/indexes")
def test_walk_to_a_recent_entry_reads_no_more_of_a_long_ledger(desk: Product) -> None:
    others = [product() for _ in range(9)]
    with connection.cursor() as cursor:
        cursor.execute(f"{MANY} 'note ' || n, now() FROM shop_stock, generate_series(1, 2000) n")
        cursor.execute("ANALYZE shop_stockentry")
        asked = ledger.WALK.format(asked="walk.kind = 'received' AND walk.reference = 'note 1998'")
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING ON) {asked}", {"products": [desk.pk, others[0].pk]})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert sum(float(rows) * int(loops) for rows, loops in READ.findall(plan)) == 2 * 3, plan
