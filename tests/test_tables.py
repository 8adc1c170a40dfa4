"""The database is asked what it holds: its own catalogue must say what the models promise, and what a bug would miss.

Whatever is found here was put there by migrations, so a table that somebody made by hand would be found, too.
"""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from orders.models import Order
from tests.factories import ProductFactory
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

OURS = "^(accounts|shop|orders)_"
#: Columns that end in _id and point nowhere here: names that the payment provider gave, and whoever an event speaks of.
POINT_NOWHERE = {
    ("orders_payment", "provider_id"), ("orders_refund", "provider_id"), ("orders_webhookevent", "provider_event_id"),
    ("accounts_securityevent", "user_id"), ("accounts_application", "client_id"),
}  # fmt: skip
#: Every column that may be empty, because there is a time or a row in which nothing is the truth.
MAY_BE_EMPTY = {
    "accounts_user.last_login", "accounts_tokenfamily.address", "accounts_tokenfamily.ended_at",
    "accounts_tokenfamily.latest", "accounts_factor.confirmed_at", "accounts_recoverycode.used_at",
    "accounts_apikey.last_used_at", "accounts_apikey.revoked_at",
    "accounts_securityevent.address", "accounts_securityevent.user_id", "shop_category.parent_id",
    "orders_cart.user_id", "orders_cart.token_digest", "orders_fulfilment.shipped_at", "orders_fulfilment.delivered_at",
    "orders_cart.coupon_id", "orders_coupon.ends_at", "orders_coupon.uses_limit", "orders_order.coupon_id",
    "orders_order.taxes", "orders_order.idempotency_key_id", "orders_idempotencykey.answer",
    "orders_outboxmessage.claimed_until", "orders_outboxmessage.done_at", "orders_outboxmessage.dead_at",
    "shop_product.search_vector", "shop_reservation.ended_at", "orders_webhooksubscription.disabled_at",
    "orders_webhooksubscription.old_secret_until", "orders_webhookdelivery.answered", "orders_webhookdelivery.next_at",
    "orders_webhookdelivery.delivered_at", "orders_stockimport.finished_at", "shop_stockentry.source",
    "shop_product.trade_price", "shop_product.cost",
}  # fmt: skip

WITHOUT_KEY = """
SELECT relname FROM pg_class t WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p')
"""
WITHOUT_REFERENCE = """
SELECT t.relname, c.attname FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
WHERE t.relkind = 'r' AND t.relname ~ %s AND c.attname LIKE '%%\\_id' AND NOT EXISTS (
    SELECT 1 FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'f' AND c.attnum = ANY (k.conkey))
"""
DOUBLE = """
SELECT narrow.indexrelid::regclass || ' is the beginning of ' || wide.indexrelid::regclass
FROM pg_index narrow JOIN pg_index wide USING (indrelid) JOIN pg_class t ON t.oid = indrelid
WHERE t.relname ~ '^(orders|shop)_' AND narrow.indexrelid <> wide.indexrelid
AND NOT narrow.indisunique AND narrow.indpred IS NULL AND wide.indpred IS NULL
AND wide.indkey::text LIKE narrow.indkey::text || ' %' AND wide.indclass::text LIKE narrow.indclass::text || '%'
"""
COLUMNS = """
SELECT table_name, column_name, data_type, numeric_precision, numeric_scale, is_nullable = 'YES'
FROM information_schema.columns WHERE table_schema = 'public' AND table_name ~ %s
"""


def rows(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall()


@pytest.mark.roadmap("databases/relational-model")
def test_every_table_has_a_primary_key(db: None) -> None:
    assert rows(WITHOUT_KEY) == []


@pytest.mark.roadmap("databases/relational-model", "databases/keys")
def test_every_reference_is_a_constraint(db: None) -> None:
    assert set(rows(WITHOUT_REFERENCE, OURS)) == POINT_NOWHERE


def test_table_without_key_and_reference_would_be_found(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE shop_scrap (product_id bigint)")

    assert rows(WITHOUT_KEY) == [("shop_scrap",)]
    assert set(rows(WITHOUT_REFERENCE, OURS)) - POINT_NOWHERE == {("shop_scrap", "product_id")}


@pytest.mark.roadmap("databases/schema-design")
def test_only_what_can_be_absent_may_be_empty(db: None) -> None:
    empty = {f"{table}.{column}" for table, column, *_, may_be_empty in rows(COLUMNS, OURS) if may_be_empty}

    assert empty == MAY_BE_EMPTY


@pytest.mark.roadmap("databases/schema-design")
def test_constraint_of_ours_is_named_after_what_it_says() -> None:
    models = [model for app in ("accounts", "shop", "orders") for model in apps.get_app_config(app).get_models()]
    names = [constraint.name for model in models for constraint in model._meta.constraints]

    assert len(names) == len(set(names)) >= 15
    assert not [name for name in names if re.search(r"_(uniq|check|constraint|valid)$", name)]


@pytest.mark.roadmap("databases/data-types")
def test_money_is_counted_in_cents_and_moments_know_their_zone(db: None) -> None:
    columns = rows(COLUMNS, OURS)

    money = {(precision, scale) for *_, kind, precision, scale, _ in columns if kind == "numeric"}
    kinds = {kind for _, _, kind, *_ in columns}
    assert money == {(12, 2)}
    assert not kinds & {"real", "double precision", "money", "timestamp without time zone", "json"}


@pytest.mark.roadmap("databases/data-types")
def test_money_that_floats_would_get_wrong_is_exact(db: None) -> None:
    ProductFactory.create_batch(3, price=Decimal("0.10"))

    assert rows("SELECT sum(price), sum(price::float8)::text FROM shop_product") == [
        (Decimal("0.30"), "0.30000000000000004")
    ]


@pytest.mark.roadmap("databases/data-types")
def test_moment_is_the_same_wherever_it_was_written_down(alice: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    tokyo = datetime(2026, 1, 1, 8, 30, tzinfo=timezone(timedelta(hours=9)))

    Order.objects.filter(pk=order.pk).update(placed_at=tokyo)

    assert rows("SELECT placed_at AT TIME ZONE 'Europe/Berlin' FROM orders_order") == [(datetime(2026, 1, 1, 0, 30),)]
    assert list(Order.objects.filter(placed_at__year=2025)) == [order]


@pytest.mark.roadmap("databases/indexes")
def test_no_index_is_only_the_beginning_of_another(db: None) -> None:
    assert rows(DOUBLE) == []
