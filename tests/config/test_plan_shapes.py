"""No request and no worker reads a big table from end to end: each statement finds its rows by an index.

A test's tables are so small that PostgreSQL reads them whole because it is cheaper. With that forbidden it does so only
where no index would do, and that is what would hurt with ten million rows. Not time is measured but the shape of plans.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from rest_framework.test import APIClient

from accounts.models import User
from orders import gateways, outbox, payments
from shop.models import Product
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, ordered

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("databases/query-optimization")]
#: Grow with every sale or with the catalogue. Categories, roles and flags do not.
BIG = {
    "shop_product", "shop_stock", "shop_stockentry", "shop_productimage", "shop_rating", "orders_order",
    "orders_orderline", "orders_orderevent", "orders_payment", "orders_idempotencykey", "orders_outboxmessage",
    "orders_cart", "orders_cartline", "accounts_user", "accounts_tokenfamily",
}  # fmt: skip
PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}


@contextmanager
def no_seq_scan() -> Iterator[list[str]]:
    """Explain every statement of the block before it runs; yields what was read whole, as `table: statement`."""
    found: list[str] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.strip().upper().startswith(PLANNED) and not many:
            found.extend(f"{table}: {' '.join(sql.split())[:300]}" for table in read_whole(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def read_whole(sql: str, params: Any) -> list[str]:
    with transaction.atomic(), connection.connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [(plan,)] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan = on")
    return sorted(scanned(plan if isinstance(plan, list) else json.loads(plan)) & BIG)


def scanned(plan: Any) -> set[str]:
    """The tables that a plan reads from end to end."""
    if isinstance(plan, list):
        return {table for part in plan for table in scanned(part)}
    if not isinstance(plan, dict):
        return set()
    own = {plan["Relation Name"]} if plan.get("Node Type") == "Seq Scan" else set()
    return own.union(*(scanned(part) for part in plan.values()))


@pytest.fixture
def shop_of_some(alice: User, gateway: FakeGateway) -> Product:
    """A few products and orders, so that no plan is about nothing."""
    for number in range(3):
        ordered(alice, gateway, key=f"before-{number}")
    return product(stocked=10)


READS = [
    "/api/v1/products/", "/api/v1/products/?ordering=-price", "/api/v1/products/?search=thing",
    "/api/v1/products/{slug}/", "/api/v1/orders/", "/api/v1/orders/{number}/", "/api/v1/cart/",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_read_finds_its_rows_by_an_index(path: str, alice: User, shop_of_some: Product, api: Any) -> None:
    client: APIClient = api(alice)
    number = alice.orders.first().number

    with no_seq_scan() as found:
        answer = client.get(path.format(slug=shop_of_some.slug, number=number))

    assert (answer.status_code, found) == (200, [])


def test_purchase_finds_its_rows_by_an_index(
    alice: User, shop_of_some: Product, api: Any, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    cart_of(alice, (shop_of_some, 2))
    client: APIClient = api(alice)

    with no_seq_scan() as found:
        answer = client.post("/api/v1/orders/", BODY, format="json", headers={"Idempotency-Key": "one"})

    assert (answer.status_code, found) == (201, [])


def test_relay_and_reconciliation_find_their_rows_by_an_index(shop_of_some: Product, gateway: FakeGateway) -> None:
    with no_seq_scan() as found:
        outbox.publish_due(lambda *message: None)
        payments.reconcile(gateway=gateway)

    assert found == []


def test_statement_that_no_index_serves_would_be_found(shop_of_some: Product) -> None:
    cursor: CursorWrapper
    with no_seq_scan() as found, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop_product WHERE description LIKE %s", ["%thing%"])

    assert [line.partition(":")[0] for line in found] == ["shop_product"]
