"""What a purchase over HTTP costs the database, counted on the wire: statements, commits, locks, and what must not be
between them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from orders import coupons
from orders.models import CartLine, Coupon, OutboxMessage, WebhookSubscription
from shop import stock
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

ORDERS = "/api/v1/orders/"
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
pytestmark = [pytest.mark.usefixtures("provider")]

Api = Callable[[User | None], APIClient]


class Wire:
    """Everything that this process says to PostgreSQL, COMMIT included, which Django's own capture does not show."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @property
    def statements(self) -> list[str]:
        return [sql for sql in self.said if sql not in {"BEGIN", "COMMIT"}]

    def transactions(self) -> list[list[str]]:
        """The statements of each transaction, in order."""
        found: list[list[str]] = []
        for sql in self.said:
            if sql == "BEGIN":
                found.append([])
            elif found and sql != "COMMIT":
                found[-1].append(sql)
        return found


@contextmanager
def listening() -> Iterator[Wire]:
    """Listen to the connection; Django logs BEGIN and COMMIT with every other statement."""
    wire = Wire()
    with CaptureQueriesContext(connection) as captured:
        yield wire
    wire.said += [query["sql"] for query in captured]


def press(client: APIClient, key: str = "key-1") -> Any:
    return client.post(ORDERS, BODY, format="json", headers={"Idempotency-Key": key})


def bought(api: Api, buyer: User, lines: int) -> Wire:
    """What one purchase of so many lines says, beginning with the authentication."""
    cart_of(buyer, *((product(), 1) for _ in range(lines)))
    client = api(buyer)
    with listening() as wire:
        answer = press(client)
    assert answer.status_code == 201
    return wire


@pytest.fixture
def anne(transactional_db: None, alice: User) -> User:
    """alice, in a test whose commits are real."""
    return alice


@pytest.mark.parametrize("lines", [1, 2, 20])
def test_purchase_of_any_size_is_eight_statements_in_two_commits(anne: User, api: Api, lines: int) -> None:
    wire = bought(api, anne, lines)

    assert len(wire.statements) == 8, wire.statements
    assert wire.said.count("BEGIN") == wire.said.count("COMMIT") == 2


def test_coupon_costs_four_statements_more_and_no_commit(anne: User, api: Api) -> None:
    Coupon.objects.create(code="SPRING", kind="percentage", value=10)
    coupons.attach(anne, "SPRING")

    wire = bought(api, anne, 3)

    assert len(wire.statements) == 8 + len(["off the cart", "SAVEPOINT", "redeem", "RELEASE"]), wire.statements
    assert wire.said.count("BEGIN") == wire.said.count("COMMIT") == 2


def test_purchase_that_is_listened_to_costs_no_statement_more(anne: User, api: Api) -> None:
    kinds, held = ["order.paid", "stock.low"], {"owner": anne, "url": "https://merchant.example/", "secret": "-"}
    WebhookSubscription.objects.create(events=kinds, **held)

    wire = bought(api, anne, 3)

    assert len(wire.statements) == 8, wire.statements
    topics = OutboxMessage.objects.filter(topic__startswith="webhook.").values_list("topic", flat=True)
    assert sorted(topics) == ["webhook.event", "webhook.stock"]


def test_two_commits_are_what_postgresql_counts(anne: User, api: Api) -> None:
    wanted, client, counted = product(stocked=20), api(anne), []
    for number in range(10):
        cart_of(anne, (wanted, 1))
        before = transaction_number()
        press(client, f"key-{number}")
        counted.append(transaction_number() - before)

    assert min(counted) == 2  # more where another test, or the autovacuum, wrote something at the same moment


def transaction_number() -> int:
    """The newest transaction of the server that has written anything; PostgreSQL numbers them without gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


@pytest.mark.roadmap("databases/acid")
def test_stock_rows_are_locked_last_and_alone(anne: User, api: Api) -> None:
    opened, confirmed = bought(api, anne, 3).transactions()

    for statements in (opened, confirmed):
        assert "UPDATE shop_stock" in statements[-1]
        assert not [sql for sql in statements[:-1] if "shop_stock" in sql]
        assert "shop_product" not in statements[-1]
    assert "FOR NO KEY UPDATE OF stock" in opened[-1]


@pytest.fixture
def talk_inside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every word that this process says through a socket of Python's while a transaction is open.

    libpq speaks to PostgreSQL through a socket of its own, so nothing of the database is among them.
    """
    overheard: list[str] = []

    def listen(name: str) -> None:
        original = getattr(socket.socket, name)

        def heard(self: socket.socket, *arguments: Any) -> Any:
            if connection.in_atomic_block:
                overheard.append(f"{name} {arguments!r:.80}")
            return original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, heard)

    for name in ("connect", "connect_ex", "send", "sendall", "sendto", "sendmsg"):
        listen(name)
    return overheard


class Networked(FakeGateway):
    """A provider that really is at the other end of a socket: `authorize` says one word to it."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def authorize(self, payment: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(b"hold 12.80")
        return super().authorize(payment)


@pytest.fixture
def networked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Networked]:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        made = Networked(ear.getsockname()[1])
        monkeypatch.setattr("orders.gateways.configured", lambda: made)
        yield made


@pytest.mark.roadmap("commerce/purchase-flow")
def test_no_word_leaves_this_process_while_a_transaction_is_open(
    anne: User, api: Api, networked: Networked, talk_inside_a_transaction: list[str]
) -> None:
    bought(api, anne, 2)

    assert networked.calls == ["authorize"]
    assert talk_inside_a_transaction == []


def test_word_inside_a_transaction_would_be_heard(
    anne: User, networked: Networked, talk_inside_a_transaction: list[str]
) -> None:
    with transaction.atomic(), socket.create_connection(("127.0.0.1", networked.port)) as line:
        line.sendall(b"hold 12.80")

    assert [word.split()[0] for word in talk_inside_a_transaction] == ["connect", "sendall"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lock_timeout", "3s"), ("statement_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s")],
)
def test_nobody_waits_for_ever(db: None, setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")

        assert cursor.fetchone()[0] == value


def test_whoever_waits_for_a_lock_too_long_gets_a_503_and_nothing_is_written(anne: User, api: Api) -> None:
    """The short form of three seconds: the wait of this one connection is cut to a tenth of a second."""
    desk = product(stocked=5)
    cart_of(anne, (desk, 1))
    rival = connection.copy()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        rival.set_autocommit(False)
        rival.cursor().execute("SELECT FROM shop_stock WHERE product_id = %s FOR UPDATE", [desk.pk])
        answer = press(api(anne))
    finally:
        rival.rollback()
        rival.close()
        connection.close()

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert CartLine.objects.count() == 1
    desk.stock.refresh_from_db()
    assert desk.stock.reserved == 0


READS = [
    "products/", "products/?page_size=1", "products/?search=thing&category=shelf&in_stock=true", "products/desk/",
    "categories/", "cart/", "orders/", "orders/?page_size=1",
]  # fmt: skip


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("path", READS)
def test_reading_never_counts_and_never_skips_rows(alice: User, api: Api, path: str) -> None:
    desk = product(slug="desk")
    cart_of(alice, (desk, 1))
    press(api(alice))
    product()
    url: str | None = f"/api/v1/{path}"

    with listening() as wire:
        while url:
            answer = api(alice).get(url)
            assert answer.status_code == 200
            url = answer.json().get("next") if isinstance(answer.json(), dict) else None

    assert not [sql for sql in wire.statements if "COUNT(" in sql.upper() or "OFFSET" in sql.upper()]


def test_stock_moves_cost_the_same_for_one_line_and_for_fifty(anne: User) -> None:
    lines = [stock.Line(product(stocked=1).pk, 1) for _ in range(50)]

    with listening() as wire, transaction.atomic():
        stock.reserve(lines)
        stock.release(lines)

    assert len(wire.statements) == 2
