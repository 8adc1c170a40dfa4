"""Each promise of `deploy/audit/invariants.sql` is shown to be broken by a violation of it: an auditor who never
complains proves nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from config import audit
from config.audit import Finding, check_books, compare, promises
from orders import cancellation, fulfilment, idempotency, payments, refunds
from orders.imports import booking
from orders.models import Order, OutboxMessage, StockImport
from orders.outcomes import Unknown
from tests.factories import manager, product
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

UNGUARDED = "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE orders_orderevent DISABLE TRIGGER USER; "
LOCATED = "UPDATE orders_idempotencykey SET answer = jsonb_set(answer, '{location}', '\"/orders/%s/\"'); "


@pytest.fixture
def paid(alice: User, gateway: FakeGateway) -> Order:
    return ordered(alice, gateway)


@pytest.fixture
def pending(alice: User) -> Order:
    return ordered(alice, FakeGateway(Unknown()))


def psql(script: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(script)


def broken(*, at_rest: bool = False) -> set[str]:
    return {finding.promise.split()[0] for finding in check_books(at_rest=at_rest)}


def test_sound_books_keep_every_promise(paid: Order, gateway: FakeGateway) -> None:
    payments.capture(paid.pk, gateway=gateway)

    assert check_books(at_rest=False) == []
    assert {name.split()[0] for name in promises(at_rest=True)} == {
        *(f"I{number}" for number in range(1, 19)), *(f"R{number}" for number in range(1, 6)),
    }  # fmt: skip


def test_large_shop_is_audited_however_long_it_takes(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests may take five seconds for a statement; the auditor reads every row there ever was."""
    slow = tmp_path / "invariants.sql"
    slow.write_text("-- name: I1 Slow\nSELECT 1 FROM pg_sleep(0.2) slept WHERE slept::text = 'badly'")
    monkeypatch.setattr(audit, "INVARIANTS", slow)

    psql("SET LOCAL statement_timeout = '50ms'")

    assert check_books(at_rest=False) == []


COUPON = "INSERT INTO orders_coupon (code, kind, value, currency, uses) VALUES ('LOST', 'percentage', 10, '', %s);"
VIOLATIONS = [
    ("I1", "UPDATE shop_stock SET on_hand = on_hand + 1"),
    ("I2", "UPDATE shop_stock SET reserved = 1"),
    ("I2", "ALTER TABLE shop_stock DROP CONSTRAINT reserved_is_on_hand; UPDATE shop_stock SET reserved = on_hand + 1"),
    ("I3", "INSERT INTO shop_stockentry (product_id, kind, quantity, reference) "
           "SELECT product_id, 'sold', -1, 'nobody' FROM shop_stock"),
    ("I3", "UPDATE orders_orderline SET quantity = 3, line_total = 3 * unit_price"),
    ("I4", "UPDATE orders_payment SET amount = amount + 1"),
    ("I4", "UPDATE orders_payment SET currency = 'CHF'"),
    ("I4", "DELETE FROM orders_payment"),
    ("I4", "DELETE FROM orders_orderline"),
    ("I4", "UPDATE orders_order SET discount = 1"),
    ("I4", "UPDATE orders_order SET shipping = 1"),
    ("I5", "UPDATE orders_payment SET refunded_amount = 1"),
    ("I5", "ALTER TABLE orders_payment DROP CONSTRAINT refund_is_covered; "
           "UPDATE orders_payment SET refunded_amount = amount + 1"),
    ("I6", LOCATED % "another"),
    ("I6", LOCATED % "x" + "UPDATE orders_order SET idempotency_key_id = NULL"),
    ("I7", "DELETE FROM orders_outboxmessage WHERE topic = 'mail.order_confirmation'"),
    ("I7", "INSERT INTO orders_outboxmessage (id, topic, payload, publications, attempts, error) "
           "SELECT gen_random_uuid(), topic, payload, 0, 0, '' FROM orders_outboxmessage"),
    ("I8", "UPDATE orders_idempotencykey SET answer = jsonb_set(answer, '{status}', '402')"),
    ("I10", UNGUARDED + "DELETE FROM orders_orderevent WHERE sequence = 1"),
    ("I10", "UPDATE orders_order SET event_count = 9"),
    ("I13", "INSERT INTO shop_rating (product_id, count, total) SELECT product_id, 1, 5 FROM shop_stock"),
    ("I17", COUPON % 1),
    ("I17", COUPON % 0 + "UPDATE orders_order SET coupon_id = (SELECT id FROM orders_coupon)"),
    ("I18", "UPDATE orders_order SET taxes = jsonb_set(taxes, '{0,amount}', '1.00')"),
    ("I18", "UPDATE orders_order SET taxes = jsonb_set(taxes, '{0,gross}', '1.00')"),
    ("I18", "UPDATE orders_order SET taxes = '[]'"),
    ("I11", "UPDATE orders_payment SET status = 'voided'"),
    ("I11", "INSERT INTO orders_orderevent (order_id, sequence, type, details) "
            "SELECT id, 3, 'OrderPaid', '{}' FROM orders_order"),
]  # fmt: skip


@pytest.mark.breaks_the_books
@pytest.mark.parametrize(("promise", "violation"), VIOLATIONS)
def test_violation_of_a_paid_order_is_found(paid: Order, promise: str, violation: str) -> None:
    psql("SET CONSTRAINTS ALL IMMEDIATE")

    psql(violation)

    assert promise in broken()


OF_PARCELS = [
    ("I14", "UPDATE orders_order SET status = 'paid'"),
    ("I14", "DELETE FROM orders_fulfilment"),
    ("I14", "UPDATE orders_payment SET status = 'authorized'"),
    ("I14", "UPDATE orders_fulfilment SET status = 'packed', carrier = '', tracking_number = '', shipped_at = NULL"),
    ("I15", "DELETE FROM orders_outboxmessage WHERE topic = 'mail.order_shipped'"),
    ("I15", UNGUARDED + "UPDATE orders_orderevent SET type = 'OrderPacked' WHERE type = 'OrderShipped'"),
]


@pytest.mark.breaks_the_books
@pytest.mark.parametrize(("promise", "violation"), OF_PARCELS)
def test_violation_of_a_parcel_is_found(paid: Order, gateway: FakeGateway, promise: str, violation: str) -> None:
    payments.capture(paid.pk, gateway=gateway)
    parcel, _ = fulfilment.pack(paid.pk, actor=manager())
    fulfilment.ship(parcel.pk, label=fulfilment.Label("DHL", "JD0001"), actor=manager())
    assert broken() == set()
    psql("SET CONSTRAINTS ALL IMMEDIATE")

    psql(violation)

    assert promise in broken()


BOOKED = "INSERT INTO shop_stockentry (product_id, kind, quantity, reference, source) "
OF_IMPORTS = [
    ("I16", "ALTER TABLE shop_stockentry DISABLE TRIGGER USER; DELETE FROM shop_stockentry WHERE source IS NOT NULL"),
    ("I16", BOOKED + "SELECT product_id, kind, quantity, reference, source FROM shop_stockentry"),
    ("I16", "DELETE FROM orders_stockimportrow WHERE refusal <> ''"),
    ("I16", "UPDATE orders_stockimport SET status = 'running', row_count = 3"),
    ("I6", "DELETE FROM orders_stockimportrow; DELETE FROM orders_stockimport"),
    ("R5", "UPDATE orders_stockimport SET status = 'running'"),
]


@pytest.mark.breaks_the_books
@pytest.mark.parametrize(("promise", "violation"), OF_IMPORTS)
def test_violation_of_an_import_is_found(alice: User, promise: str, violation: str) -> None:
    rows = [{"sku": product().sku, "quantity": 5}, {"sku": "NOTHING", "quantity": 1}]
    idempotency.once(idempotency.Request(alice.pk, "key", "f"), lambda: _accepted(booking.accept(alice, rows)))
    booking.work(StockImport.objects.get().pk)
    OutboxMessage.objects.update(done_at=Now())
    assert broken(at_rest=True) == set()
    psql("SET CONSTRAINTS ALL IMMEDIATE")

    psql(violation)

    assert promise in broken(at_rest=True)


def _accepted(job: StockImport) -> idempotency.Answer:
    return idempotency.Answer(202, "application/json", f"https://shop.example/api/v1/stock/imports/{job.pk}/", "{}")


OF_PENDING = [
    ("I8", "UPDATE orders_idempotencykey SET answer = jsonb_set(answer, '{status}', '201')"),
    ("I9", "UPDATE orders_order SET reserved_until = now() - interval '31 seconds'"),
    ("I2", "UPDATE orders_order SET status = 'expired'"),
]


@pytest.mark.breaks_the_books
@pytest.mark.parametrize(("promise", "violation"), OF_PENDING)
def test_violation_of_a_pending_order_is_found(pending: Order, promise: str, violation: str) -> None:
    psql(violation)

    assert promise in broken()


@pytest.mark.breaks_the_books
def test_somebody_who_sits_in_a_transaction_is_found(transactional_db: None) -> None:
    there = connection.get_connection_params()
    known = {name: there[name] for name in ("dbname", "user", "password", "host", "port") if there.get(name)}
    with psycopg.connect(**known) as sitting:
        sitting.execute("SELECT 1")
        time.sleep(3.1)

        assert broken() == {"I12"}


Unrest = Callable[[Order], Any]
RESTLESS: list[tuple[str, Unrest]] = [
    ("R2", lambda order: None),
    ("R3", lambda order: None),
    ("R3", lambda order: cancellation.cancel(order.pk)),
    ("R4", lambda order: _promise_refund(order)),
]


@transaction.atomic
def _promise_refund(order: Order) -> None:
    locked = Order.objects.locked(order.pk)
    refunds.write(locked, locked.total, "")
    locked.payment.save()


@pytest.mark.parametrize(("promise", "unrest"), RESTLESS)
def test_what_is_under_way_is_not_at_rest(paid: Order, promise: str, unrest: Unrest) -> None:
    unrest(paid)

    assert promise in broken(at_rest=True)
    assert promise not in broken()


def test_pending_order_is_not_at_rest(pending: Order) -> None:
    assert broken(at_rest=True) == {"R1"}


def intent(order: Order, **changes: Any) -> dict[str, Any]:
    metadata = {"payment": str(order.payment.pk)}
    held = {"status": "requires_capture", "amount": 2560, "currency": "eur", "amount_refunded": 0}
    return {**held, "metadata": metadata, **changes}


def found(findings: list[Finding]) -> str:
    return "; ".join(str(finding) for finding in findings)


def test_providers_book_that_agrees_is_accepted(paid: Order) -> None:
    assert compare([intent(paid)], at_rest=True) == []
    assert compare([intent(paid), intent(paid, status="canceled")], at_rest=True) == []


DIFFERENCES: list[tuple[list[dict[str, Any]], str]] = [
    ([{}, {}], "2 charges"),
    ([{"amount": 2561}], "charged another amount than 25.60 EUR"),
    ([{"currency": "usd"}], "charged another amount than 25.60 EUR"),
    ([{"currency": "usd", "status": "succeeded"}], "charged another amount than 25.60 EUR"),
    ([{"status": "succeeded"}], "taken there, but authorized here"),
    ([{}, {"metadata": {"payment": "nobody"}}], "nobody: charged without an order"),
    ([], "paid without a charge"),
    ([{"status": "canceled"}], "paid without a charge"),
]


@pytest.mark.parametrize(("book", "complaint"), DIFFERENCES)
def test_providers_book_that_differs_is_found(paid: Order, book: list[dict[str, Any]], complaint: str) -> None:
    assert complaint in found(compare([intent(paid, **changes) for changes in book], at_rest=True))


STANDS: list[tuple[str, str, dict[str, Any], str]] = [
    ("captured", "paid", {}, "captured here, but the provider took nothing"),
    ("voided", "cancelled", {}, "voided here, but the provider holds money"),
    ("captured", "paid", {"status": "succeeded", "amount_refunded": 5}, "refunded 0 here, something else there"),
]


@pytest.mark.breaks_the_books
@pytest.mark.parametrize(("payment", "order", "changes", "complaint"), STANDS)
def test_what_the_provider_says_must_be_what_we_say_at_rest(
    paid: Order, payment: str, order: str, changes: dict[str, Any], complaint: str
) -> None:
    psql(f"UPDATE orders_payment SET status = '{payment}'; UPDATE orders_order SET status = '{order}'")

    assert complaint in found(compare([intent(fresh(paid), **changes)], at_rest=True))
    assert complaint not in found(compare([intent(fresh(paid), **changes)], at_rest=False))
