"""The one writer of stock: every unit that is promised, sold, received or counted goes through this file.

    receive ─► on_hand ─► reserve ─► reserved ─┬─► commit   (sold: leaves on_hand and reserved)
                  ▲                            └─► release  (back to available)
                  └── put_back (returned), correct (counted)

Every function moves all of its lines in one statement or none, and locks the stock rows in the order of their ids, so
that two carts with the same products in opposite order wait for each other instead of deadlocking. Each must run
inside the caller's transaction, as its last statement: the row of a popular product is then held for one commit only.

Refuses: more than is left (OutOfStock), a count below what is promised (CountBelowReserved), more than a shelf can
count (ShelfIsFull), a call outside of a transaction.

The opening stock of invented products alone comes in beside it, by COPY (`shop/catalogue/bulk.py`).

Roadmap: commerce/inventory, databases/acid, architecture/high-traffic-reservations
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.transaction import TransactionManagementError

from shop import figures
from shop.cache.changes import stock_changed
from shop.errors import CountBelowReserved, OutOfStock, ShelfIsFull, Shortage
from shop.models import Product, Stock, StockEntry


class Line(NamedTuple):
    """Some units of one product."""

    product_id: int
    quantity: int


class Delivery(NamedTuple):
    """Some units of one product that came, and the note that they came with."""

    product_id: int
    quantity: int
    reference: str


# `locked` takes the row locks in id order before anything is written, and reads each row as it is once the lock is
# held: the last unit goes to one buyer, and a unit given back during the wait is sold. So `change` and `guard` go by
# `locked`; `stock` is still seen as it was when the statement began. NO KEY: the weakest lock that stops writers.
# `wanted` is a list of VALUES and no array: PostgreSQL sees how many rows it has and keeps one plan for each number of
# lines. What an array holds it sees only when it comes, and plans anew every time, which took half of the statement.
MOVE = """
WITH wanted (product_id, quantity) AS (
    VALUES {{wanted}}
), locked AS (
    SELECT stock.product_id, stock.on_hand, stock.reserved, wanted.quantity
    FROM shop_stock stock JOIN wanted USING (product_id)
    ORDER BY stock.product_id FOR NO KEY UPDATE OF stock
), moved AS (
    UPDATE shop_stock stock SET {change}
    FROM locked
    WHERE stock.product_id = locked.product_id AND {guard}
    RETURNING stock.product_id, locked.quantity, stock.on_hand
)
"""
# More than PostgreSQL's integer holds would be an error of its own, and of the whole statement.
TAKE_IN = "on_hand = locked.on_hand + locked.quantity", "locked.on_hand::bigint + locked.quantity <= 2147483647"
# Several deliveries may be of one product, each with a note of its own: the shelf moves once, the ledger gets each.
RECEIVE = """
WITH delivery (product_id, quantity, reference) AS (
    SELECT * FROM unnest(%(products)s::bigint[], %(quantities)s::int[], %(references)s::text[])
), locked AS (
    SELECT stock.product_id, stock.on_hand, units.quantity
    FROM shop_stock stock JOIN (
        SELECT product_id, sum(quantity) AS quantity FROM delivery GROUP BY product_id
    ) units USING (product_id)
    ORDER BY stock.product_id FOR NO KEY UPDATE OF stock
), moved AS (
    UPDATE shop_stock stock SET {change} FROM locked WHERE stock.product_id = locked.product_id AND {guard}
    RETURNING stock.product_id
), entered AS (
    INSERT INTO shop_stockentry (product_id, kind, quantity, reference, source, at)
    SELECT product_id, %(kind)s, quantity, reference, %(source)s, now() FROM delivery JOIN moved USING (product_id)
)
SELECT product_id FROM moved
"""
MOVED = "SELECT product_id FROM moved"
ENTER = """
INSERT INTO shop_stockentry (product_id, kind, quantity, reference, at)
SELECT product_id, %(kind)s, %(sign)s * quantity, %(reference)s, now() FROM moved RETURNING id
"""
SELL = """
, entered AS (
    INSERT INTO shop_stockentry (product_id, kind, quantity, reference, at)
    SELECT product_id, %(kind)s, %(sign)s * quantity, %(reference)s, now() FROM moved
)
SELECT product_id, on_hand FROM moved
"""


def reserve(lines: Iterable[Line]) -> None:
    """Promise the units to one buyer, all lines or none; raise OutOfStock naming every line that falls short.

    Costs one statement however many lines there are. Lines of the same product are added up first.
    """
    merged = _merged(lines)
    change = "reserved = locked.reserved + locked.quantity"
    guard = "locked.on_hand - locked.reserved >= locked.quantity"
    moved = {product_id for (product_id,) in _move(MOVE.format(change=change, guard=guard) + MOVED, merged)}
    if short := [line for line in merged if line.product_id not in moved]:
        figures.STOCK_REFUSALS.inc()
        raise OutOfStock(_shortages(short))  # the caller's transaction rolls back what the other lines got


def release(lines: Iterable[Line]) -> None:
    """Take a promise back: the units can be bought again."""
    change = "reserved = locked.reserved - locked.quantity"
    _move(MOVE.format(change=change, guard="true") + MOVED, _merged(lines))


def commit(lines: Iterable[Line], *, reference: str) -> dict[int, int]:
    """Sell reserved units: they leave the shelf and the promise, and the ledger says to which order.

    Returns by product what is left on each shelf.
    """
    change = "on_hand = locked.on_hand - locked.quantity, reserved = locked.reserved - locked.quantity"
    return dict(
        _move(MOVE.format(change=change, guard="true") + SELL, _merged(lines), StockEntry.Kind.SOLD, -1, reference)
    )


def put_back(lines: Iterable[Line], *, reference: str) -> None:
    """Put sold units back on the shelf, as after a cancellation."""
    change = "on_hand = locked.on_hand + locked.quantity"
    _move(MOVE.format(change=change, guard="true") + ENTER, _merged(lines), StockEntry.Kind.RETURNED, 1, reference)


def receive(*, product_id: int, quantity: int, reference: str) -> int:
    """Put a delivery on the shelf and return the id of its line in the ledger; the first one opens the stock row.

    Raises ShelfIsFull.
    """
    if quantity < 1:
        raise ValueError("A delivery brings at least one unit.")
    Stock.objects.bulk_create([Stock(product_id=product_id)], ignore_conflicts=True)
    change, guard = TAKE_IN
    lines = [Line(product_id, quantity)]
    entered = _move(MOVE.format(change=change, guard=guard) + ENTER, lines, StockEntry.Kind.RECEIVED, 1, reference)
    if not entered:
        raise ShelfIsFull(Product.objects.get(pk=product_id).sku)
    return entered[0][0]


def receive_all(deliveries: Collection[Delivery], *, source: UUID) -> set[int]:
    """Put many deliveries on their shelves, and say in the ledger which list they came by.

    Returns the products whose shelf had no room: nothing of theirs was moved, and all of the others was. Costs two
    statements however many there are.
    """
    _require_transaction()
    wanted = sorted({delivery.product_id for delivery in deliveries})
    # In the order of their ids: of two lists that open the same shelves one waits, and they do not wait in a circle.
    Stock.objects.bulk_create([Stock(product_id=product_id) for product_id in wanted], ignore_conflicts=True)
    change, guard = TAKE_IN
    products, quantities, references = zip(*deliveries, strict=True) if deliveries else ((), (), ())
    parameters = {"products": list(products), "quantities": list(quantities), "references": list(references)}
    with connection.cursor() as cursor:
        cursor.execute(
            RECEIVE.format(change=change, guard=guard),
            parameters | {"kind": StockEntry.Kind.RECEIVED, "source": source},
        )
        received = {product_id for (product_id,) in cursor.fetchall()}
    stock_changed(received)
    return set(wanted) - received


def correct(*, product_id: int, on_hand: int, reference: str) -> int | None:
    """Set the shelf to what was counted; raise CountBelowReserved when buyers were promised more than that.

    Returns the id of the line in the ledger; None if the count was right, which moves nothing.
    """
    _require_transaction()
    Stock.objects.bulk_create([Stock(product_id=product_id)], ignore_conflicts=True)
    stock = Stock.objects.select_for_update(no_key=True).get(product_id=product_id)
    if on_hand < stock.reserved:
        raise CountBelowReserved(on_hand, stock.reserved)
    difference, stock.on_hand = on_hand - stock.on_hand, on_hand
    if not difference:
        return None
    stock.save(update_fields=["on_hand"])
    stock_changed([product_id])
    kind = StockEntry.Kind.CORRECTED
    return StockEntry.objects.create(product_id=product_id, kind=kind, quantity=difference, reference=reference).pk


def _merged(lines: Iterable[Line]) -> list[Line]:
    """Add up lines of one product: two rows of the same id in one UPDATE would count only once."""
    units: Counter[int] = Counter()
    for line in lines:
        if line.quantity < 1:
            raise ValueError("A stock line moves at least one unit.")
        units[line.product_id] += line.quantity
    return [Line(product_id, units[product_id]) for product_id in sorted(units)]


def _move(sql: str, lines: list[Line], kind: str = "", sign: int = 0, reference: str = "") -> list[Any]:
    _require_transaction()
    parameters: dict[str, Any] = {"kind": kind, "sign": sign, "reference": reference}
    for place, line in enumerate(lines):
        parameters |= {f"product_{place}": line.product_id, f"quantity_{place}": line.quantity}
    wanted = (f"(%(product_{place})s::bigint, %(quantity_{place})s::int)" for place in range(len(lines)))
    with connection.cursor() as cursor:
        cursor.execute(sql.format(wanted=", ".join(wanted)), parameters)
        moved: list[tuple[int]] = cursor.fetchall()
    if kind != StockEntry.Kind.SOLD:  # what is sold could not be bought any more since it was promised
        stock_changed(line.product_id for line in lines)
    return moved


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("Stock moves only inside a transaction: half an order must never stay moved.")


def _shortages(lines: list[Line]) -> list[Shortage]:
    """Say what is left of each line, from the rows this transaction has locked; no stock row means none."""
    wanted = dict(lines)
    products = Product.objects.filter(id__in=wanted).select_related("stock").order_by("id")
    left = {product.pk: product.stock.available if hasattr(product, "stock") else 0 for product in products}
    return [Shortage(product.sku, product.name, wanted[product.pk], left[product.pk]) for product in products]
