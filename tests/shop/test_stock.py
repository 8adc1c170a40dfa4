"""Every promise of `shop/stock.py`, function by function, and the walls of PostgreSQL behind each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from shop import stock
from shop.errors import CountBelowReserved, OutOfStock
from shop.models import Product, Stock, StockEntry
from shop.stock import Line
from tests.factories import ProductFactory, product

Move = Callable[[Product], Any]

#: Reserving without an order breaks I2 on purpose: a reservation of these tests belongs to nobody.
without_orders = pytest.mark.breaks_the_books


def shelf(thing: Product) -> tuple[int, int]:
    row = Stock.objects.get(product=thing)
    return row.on_hand, row.reserved


def ledger(thing: Product) -> list[tuple[str, int, str]]:
    return list(StockEntry.objects.filter(product=thing).order_by("id").values_list("kind", "quantity", "reference"))


def psql(statement: str, *parameters: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.roadmap("commerce/inventory")
def test_delivery_opens_the_stock_row_and_enters_the_ledger(db: None) -> None:
    desk = ProductFactory()

    stock.receive(product_id=desk.pk, quantity=5, reference="note 1")
    stock.receive(product_id=desk.pk, quantity=2, reference="note 2")

    assert shelf(desk) == (7, 0)
    assert ledger(desk) == [("received", 5, "note 1"), ("received", 2, "note 2")]


@without_orders
def test_reserved_units_stay_on_the_shelf_but_are_promised(db: None) -> None:
    desk = product(stocked=5)

    stock.reserve([Line(desk.pk, 3)])

    assert shelf(desk) == (5, 3)
    assert len(ledger(desk)) == 1


@without_orders
def test_released_units_can_be_bought_again(db: None) -> None:
    desk = product(stocked=5)
    stock.reserve([Line(desk.pk, 3)])

    stock.release([Line(desk.pk, 2)])

    assert shelf(desk) == (5, 1)


@without_orders
def test_committed_units_leave_shelf_and_promise_and_enter_the_ledger(db: None) -> None:
    desk = product(stocked=5)
    stock.reserve([Line(desk.pk, 3)])

    stock.commit([Line(desk.pk, 3)], reference="ORDER")

    assert shelf(desk) == (2, 0)
    assert ledger(desk)[-1] == ("sold", -3, "ORDER")


@without_orders
def test_returned_units_are_back_on_the_shelf(db: None) -> None:
    desk = product(stocked=5)

    stock.put_back([Line(desk.pk, 2)], reference="ORDER")

    assert shelf(desk) == (7, 0)
    assert ledger(desk)[-1] == ("returned", 2, "ORDER")


@pytest.mark.parametrize(("counted", "entered"), [(9, [("corrected", 4, "count")]), (1, [("corrected", -4, "count")])])
def test_count_sets_the_shelf_and_enters_the_difference(db: None, counted: int, entered: list[Any]) -> None:
    desk = product(stocked=5)

    stock.correct(product_id=desk.pk, on_hand=counted, reference="count")

    assert shelf(desk) == (counted, 0)
    assert ledger(desk)[1:] == entered


def test_count_that_agrees_enters_nothing(db: None) -> None:
    desk = product(stocked=5)

    stock.correct(product_id=desk.pk, on_hand=5, reference="count")

    assert len(ledger(desk)) == 1


@without_orders
def test_count_below_what_is_promised_is_refused(db: None) -> None:
    desk = product(stocked=5)
    stock.reserve([Line(desk.pk, 3)])

    with pytest.raises(CountBelowReserved) as refusal:
        stock.correct(product_id=desk.pk, on_hand=2, reference="count")

    assert (refusal.value.on_hand, refusal.value.reserved) == (2, 3)
    assert shelf(desk) == (5, 3)


@pytest.mark.roadmap("databases/acid")
def test_basket_moves_whole_or_not_at_all(db: None) -> None:
    plenty, scarce, unstocked = product(stocked=5), product(stocked=1), product(stocked=0)

    with pytest.raises(OutOfStock) as refusal, transaction.atomic():
        stock.reserve([Line(plenty.pk, 2), Line(unstocked.pk, 1), Line(scarce.pk, 2)])

    short = {(shortage.sku, shortage.requested, shortage.available) for shortage in refusal.value.shortages}
    assert short == {(scarce.sku, 2, 1), (unstocked.sku, 1, 0)}
    assert (shelf(plenty), shelf(scarce)) == ((5, 0), (1, 0))


@without_orders
def test_two_lines_of_one_product_add_up(db: None) -> None:
    desk = product(stocked=3)

    with pytest.raises(OutOfStock), transaction.atomic():
        stock.reserve([Line(desk.pk, 2), Line(desk.pk, 2)])
    stock.reserve([Line(desk.pk, 2), Line(desk.pk, 1)])

    assert shelf(desk) == (3, 3)


@pytest.mark.parametrize("quantity", [0, -1])
def test_line_without_units_is_refused(db: None, quantity: int) -> None:
    desk = product(stocked=3)

    with pytest.raises(ValueError):
        stock.reserve([Line(desk.pk, quantity)])
    with pytest.raises(ValueError):
        stock.receive(product_id=desk.pk, quantity=quantity, reference="note")


MOVES: dict[str, Move] = {
    "receive": lambda desk: stock.receive(product_id=desk.pk, quantity=1, reference="x"),
    "reserve": lambda desk: stock.reserve([Line(desk.pk, 1)]),
    "release": lambda desk: stock.release([Line(desk.pk, 1)]),
    "commit": lambda desk: stock.commit([Line(desk.pk, 1)], reference="x"),
    "put_back": lambda desk: stock.put_back([Line(desk.pk, 1)], reference="x"),
    "correct": lambda desk: stock.correct(product_id=desk.pk, on_hand=9, reference="x"),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_nothing_moves_outside_of_a_transaction(transactional_db: None, move: Move) -> None:
    desk = product(stocked=5)

    with pytest.raises(TransactionManagementError):
        move(desk)

    assert shelf(desk) == (5, 0)


WALLS = [
    ("UPDATE shop_stock SET reserved = on_hand + 1 WHERE product_id = %s", "reserved_is_on_hand"),
    ("UPDATE shop_stock SET on_hand = -1 WHERE product_id = %s", "shop_stock_on_hand_check"),
    ("UPDATE shop_stock SET reserved = -1 WHERE product_id = %s", "shop_stock_reserved_check"),
    (
        "INSERT INTO shop_stockentry (product_id, kind, quantity, reference) VALUES (%s, 'sold', 0, '')",
        "entry_moves_something",
    ),
]


@pytest.mark.roadmap("databases/keys", "databases/schema-design")
@pytest.mark.parametrize(("statement", "wall"), WALLS, ids=[wall for _, wall in WALLS])
def test_database_refuses_what_a_bug_would_do(db: None, statement: str, wall: str) -> None:
    desk = product(stocked=1)

    with pytest.raises(IntegrityError, match="violates check constraint"):
        psql(statement, desk.pk)


@pytest.mark.parametrize("move", ["release", "commit"])
def test_units_that_were_never_promised_cannot_be_released_or_sold(db: None, move: str) -> None:
    desk = product(stocked=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        MOVES[move](desk)

    assert shelf(desk) == (1, 0)


@pytest.mark.roadmap("databases/triggers")
@pytest.mark.parametrize("statement", ["UPDATE shop_stockentry SET quantity = 99", "DELETE FROM shop_stockentry"])
def test_ledger_refuses_to_be_rewritten_even_from_psql(db: None, statement: str) -> None:
    desk = product(stocked=1)

    with pytest.raises(DatabaseError, match="append_only"):
        psql(statement)

    assert ledger(desk) == [("received", 1, "test")]


@without_orders
@pytest.mark.parametrize("opposite", [False, True])
def test_rows_are_locked_in_the_order_of_their_ids(db: None, opposite: bool) -> None:
    things = [product(stocked=1), product(stocked=1), product(stocked=1)]
    lines = [Line(thing.pk, 1) for thing in things]

    with CaptureQueriesContext(connection) as captured:
        stock.reserve(reversed(lines) if opposite else lines)

    [statement] = [query["sql"] for query in captured]
    assert "ORDER BY stock.product_id FOR NO KEY UPDATE OF stock" in statement
    assert statement.index(str(things[0].pk)) < statement.index(str(things[1].pk)) < statement.index(str(things[2].pk))


@without_orders
@pytest.mark.parametrize("count", [1, 20])
def test_basket_of_any_size_costs_one_statement(db: None, count: int) -> None:
    lines = [Line(product(stocked=1).pk, 1) for _ in range(count)]

    with CaptureQueriesContext(connection) as captured:
        stock.reserve(lines)

    assert len(captured) == 1
