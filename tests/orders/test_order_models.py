"""The tables of an order: what PostgreSQL refuses whatever Python believes, and what each row says it is."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from accounts.models import User
from orders.models import Order
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    return ordered(alice, gateway)


def psql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


WALLS = [
    ("total_is_not_negative", "UPDATE orders_order SET total = -1"),
    ("line_has_units", "UPDATE orders_orderline SET quantity = 0, line_total = 0"),
    ("line_total_adds_up", "UPDATE orders_orderline SET line_total = line_total - 0.01"),
    ("line_total_adds_up", "UPDATE orders_orderline SET unit_price = 0.01"),
    ("events_are_numbered_once",
     "INSERT INTO orders_orderevent (order_id, sequence, type, details) SELECT id, 1, 'x', '{}' FROM orders_order"),
    ("orders_order_number", "INSERT INTO orders_order (number, buyer_id, status, currency, total, shipping_address, "
     "reserved_until, event_count) SELECT number, buyer_id, status, currency, total, shipping_address, now(), 1 "
     "FROM orders_order"),
    ("one_payment_per_intent|orders_payment_order_id",
     "INSERT INTO orders_payment (id, order_id, method, amount, currency, status, provider_id, decline_reason, "
     "refunded_amount) SELECT gen_random_uuid(), order_id, method, amount, currency, status, provider_id, '', 0 "
     "FROM orders_payment"),
]  # fmt: skip


@pytest.mark.roadmap("databases/schema-design", "databases/keys")
@pytest.mark.parametrize(("wall", "statement"), WALLS)
def test_database_refuses(order: Order, wall: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match=wall):
        psql(statement)


@pytest.mark.roadmap("databases/triggers")
@pytest.mark.parametrize("statement", ["UPDATE orders_orderevent SET type = 'x'", "DELETE FROM orders_orderevent"])
def test_history_refuses_to_be_rewritten_even_from_psql(order: Order, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append_only"):
        psql(statement)


@pytest.mark.roadmap("databases/keys")
def test_what_was_sold_and_who_bought_it_cannot_be_deleted(order: Order, alice: User) -> None:
    with pytest.raises(ProtectedError):
        order.lines.get().product.delete()
    with pytest.raises(ProtectedError):
        alice.delete()


def test_order_does_not_change_with_the_catalogue(order: Order) -> None:
    line = order.lines.get()
    bought = (line.name, line.sku, line.unit_price)

    line.product.__class__.objects.update(name="Renamed", price=1)

    line.refresh_from_db()
    assert (line.name, line.sku, line.unit_price) == bought


def test_rows_say_what_they_are(order: Order) -> None:
    assert str(order) == order.number
    assert str(order.lines.get()) == f"2 × {order.lines.get().sku}"
    assert str(order.events.last()) == "2. OrderPaid"
    assert str(order.payment) == "25.60 EUR (authorized)"
