"""Reading the stock ledger backwards: how many units stood on the shelf before and after one of its entries.

    newest entry ─► … ─► the one that is asked about        after it = on hand now, less all that came and went since

That is the same whenever it is asked, since the ledger is only ever added to, and in one statement, since shelf and
entry change in one commit. The entries of one product are numbered in the order of those commits: each is written under
the lock of its shelf (`shop/stock.py`).

Roadmap: databases/aggregate-functions
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from shop.models import StockEntry


class Step(NamedTuple):
    """One entry, and the units on the shelf on either side of it."""

    entry_id: int
    sku: str
    at: datetime
    before: int
    after: int


# Entry by entry, each by one look into the index, and no further than to the one that is asked about: what was sold a
# moment ago costs the same however long the ledger is. A window over all entries would read them all.
WALK = """
WITH RECURSIVE walk AS (
    SELECT newest.*, 0 AS since FROM unnest(%(products)s::bigint[]) wanted (product_id) CROSS JOIN LATERAL (
        SELECT product_id, id, kind, reference, quantity, at FROM shop_stockentry
        WHERE product_id = wanted.product_id ORDER BY id DESC LIMIT 1
    ) newest
    UNION ALL
    SELECT older.*, walk.since + walk.quantity FROM walk CROSS JOIN LATERAL (
        SELECT product_id, id, kind, reference, quantity, at FROM shop_stockentry
        WHERE product_id = walk.product_id AND id < walk.id ORDER BY id DESC LIMIT 1
    ) older
    WHERE NOT ({asked})
)
SELECT walk.id, product.sku, walk.at, stock.on_hand - walk.since - walk.quantity, stock.on_hand - walk.since
FROM walk JOIN shop_stock stock USING (product_id) JOIN shop_product product ON product.id = walk.product_id
WHERE {asked}
"""


def sale(product_ids: Collection[int], *, reference: str) -> list[Step]:
    """Return what an order did to each of these shelves, in one query; nothing for what it has not sold."""
    asked = "walk.kind = %(kind)s AND walk.reference = %(reference)s"
    return _walk(asked, product_ids, kind=StockEntry.Kind.SOLD, reference=reference)


def entry(entry_id: int) -> list[Step]:
    """Return what one entry did; nothing if there is none of this id."""
    products = StockEntry.objects.filter(pk=entry_id).values_list("product_id", flat=True)
    return _walk("walk.id = %(entry)s", list(products), entry=entry_id)


def _walk(asked: str, product_ids: Collection[int], **parameters: int | str) -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute(WALK.format(asked=asked), {**parameters, "products": list(product_ids)})
        return [Step(*row) for row in cursor.fetchall()]
