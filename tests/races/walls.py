"""The walls that hold a race, and how each is taken out, to see that the race then is lost and the test sees it.

What stands in their place is what most shops do: look, then act on what was seen. Alone, each works as well as ours;
the difference shows only when somebody else acts between the look and the act.

Roadmap: testing/integration-tests
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet

from orders import book, cart, idempotency
from orders.models import Cart, CartLine
from orders.outbox import claims
from shop import stock
from shop.stock import Line

CHECK, UNIQUE = "c", "u"
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = %s
"""

# Looks whether there is enough, then takes it without looking again.
LOOK_THEN_RESERVE = """
WITH wanted (product_id, quantity) AS (
    VALUES {{wanted}}
), locked AS MATERIALIZED (
    SELECT stock.product_id, stock.on_hand, stock.reserved, wanted.quantity
    FROM shop_stock stock JOIN wanted USING (product_id)
), moved AS (
    UPDATE shop_stock stock SET {change} FROM locked WHERE stock.product_id = locked.product_id AND {guard}
    RETURNING stock.product_id, locked.quantity, stock.on_hand
)
"""

LOOK_THEN_TAKE = """
WITH seen AS MATERIALIZED (
    SELECT line.id, line.product_id, line.quantity FROM orders_cartline line WHERE line.cart_id = %s
), emptied AS (
    DELETE FROM orders_cartline USING seen WHERE orders_cartline.id = seen.id
)
SELECT product.id, product.sku, product.name,
    CASE WHEN (SELECT is_business AND NOT is_staff FROM accounts_user WHERE id = %s)
        THEN least(product.price, product.trade_price) ELSE product.price END,
    product.currency, product.is_listed, seen.quantity,
    product.tax_class, product.weight_g, product.bulk_from, product.bulk_prices
FROM seen JOIN shop_product product ON product.id = seen.product_id ORDER BY product.id
"""

LOOK_THEN_POUR = """
WITH seen AS MATERIALIZED (SELECT id, product_id, quantity FROM orders_cartline WHERE cart_id = %(guest)s),
     emptied AS (DELETE FROM orders_cartline USING seen WHERE orders_cartline.id = seen.id)
SELECT product_id, quantity FROM seen
"""

LOOK_THEN_CLAIM = """
WITH wanted(user_id, key, fingerprint, locked_until) AS (VALUES (%s::bigint, %s::text, %s::text, %s::timestamptz))
INSERT INTO orders_idempotencykey (user_id, key, fingerprint, created_at, locked_until)
SELECT user_id, key, fingerprint, now(), locked_until FROM wanted WHERE NOT EXISTS (
    SELECT FROM orders_idempotencykey kept WHERE kept.user_id = wanted.user_id AND kept.key = wanted.key
) RETURNING id
"""

LOOK_THEN_WORK = """
UPDATE orders_outboxmessage message
SET attempts = attempts + %(counted)s, claimed_until = now() + make_interval(secs => %(lease)s)
WHERE id IN (
    SELECT seen.id FROM orders_outboxmessage seen
    WHERE seen.id = ANY(%(ids)s) AND seen.done_at IS NULL AND seen.dead_at IS NULL
    AND (seen.claimed_until IS NULL OR seen.claimed_until < now())
)
RETURNING message.id, topic, payload, attempts + 1 - %(counted)s, context, claimed_until
"""
#: Writes only what was read last.
COUNTED = " AND event_count = %(known)s"


def no_row_locks(patch: pytest.MonkeyPatch) -> None:
    """`SELECT … FOR UPDATE` reads without locking, and the book takes what it is told for the newest."""
    patch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    assert COUNTED in book.RECORD
    patch.setattr(book, "RECORD", book.RECORD.replace(COUNTED, ""))


def no_second_look_at_stock(patch: pytest.MonkeyPatch) -> None:
    move = stock._move

    def from_before(sql: str, *rest: Any) -> list[tuple[int]]:
        for column in ("on_hand", "reserved"):
            sql = sql.replace(f"{column} = locked.{column}", f"{column} = stock.{column}")
        return move(sql, *rest)

    patch.setattr(stock, "MOVE", LOOK_THEN_RESERVE)
    patch.setattr(stock, "_move", from_before)


def no_order_of_locks(patch: pytest.MonkeyPatch) -> None:
    """Stock rows are locked as the basket names them."""
    swaps = [("wanted (product_id, quantity)", "wanted (product_id, quantity, place)")]
    swaps += [("VALUES {{wanted}}", "SELECT basket.*, row_number() OVER () FROM (VALUES {{wanted}}) AS basket")]
    swaps += [("ORDER BY stock.product_id", "ORDER BY wanted.place")]
    statement = stock.MOVE
    for ours, theirs in swaps:
        assert ours in statement, "the statement has changed: this control no longer takes the wall out"
        statement = statement.replace(ours, theirs)
    patch.setattr(stock, "MOVE", statement)
    patch.setattr(stock, "_merged", list)


def no_cart_lock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cart, "LOCK", cart.LOCK.removesuffix(" FOR UPDATE"))
    patch.setattr(cart, "TAKE", LOOK_THEN_TAKE)


def no_cart_lock_for_several_lines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cart, "_lock", lambda locked: None)


def no_single_pour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cart, "POUR_OUT", LOOK_THEN_POUR)


def no_upsert(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cart, "_top_up", _look_then_save)


def no_key(patch: pytest.MonkeyPatch) -> None:
    """Needs `without(UNIQUE, "orders_idempotencykey")` too."""
    patch.setattr(idempotency, "CLAIM", LOOK_THEN_CLAIM)


def no_claim(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claims, "CLAIM", LOOK_THEN_WORK)


def _look_then_save(into: Cart, lines: Sequence[Line]) -> list[tuple[UUID, int]]:
    saved = []
    for wanted in lines:
        line = CartLine.objects.filter(cart=into, product_id=wanted.product_id).first()
        line = line or CartLine(cart=into, product_id=wanted.product_id, quantity=0)
        line.quantity += wanted.quantity
        line.save()
        saved.append((line.pk, line.quantity))
    return saved


@contextmanager
def without(kind: str, table: str) -> Iterator[None]:
    """Drop the table's constraints of one kind; afterwards empty it and put them up again."""
    with connection.cursor() as cursor:
        cursor.execute(CONSTRAINTS, [table, kind])
        walls = cursor.fetchall()
        assert walls, f"{table} has no such constraint"
        for name, _ in walls:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        try:
            yield
        finally:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            for name, definition in walls:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
