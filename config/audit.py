"""The auditor: reads the shop's books by plain SQL and compares them with the payment provider's own.

It shares no code with what it checks: `deploy/audit/invariants.sql` knows the tables, this file how to ask.

Roadmap: testing/database-load-tests
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

INVARIANTS = Path(__file__).resolve().parent.parent / "deploy" / "audit" / "invariants.sql"

OUR_PAYMENTS = """
SELECT payment.id::text, payment.status, payment.amount, payment.currency, o.number, o.status,
    coalesce((SELECT sum(amount) FROM orders_refund r WHERE r.payment_id = payment.id AND r.status = 'succeeded'), 0)
FROM orders_payment payment JOIN orders_order o ON o.id = payment.order_id
"""


class Finding(NamedTuple):
    """One broken promise and the first rows that break it."""

    promise: str
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.promise}: {'; '.join(self.rows)}"


def promises(*, at_rest: bool) -> dict[str, str]:
    """Return promise → query; those that begin with R hold only once everything has come to rest."""
    parts = re.split(r"^-- name: (.+)$", INVARIANTS.read_text(), flags=re.MULTILINE)[1:]
    return {name: sql for name, sql in zip(parts[::2], parts[1::2], strict=True) if at_rest or name.startswith("I")}


def check_books(*, at_rest: bool) -> list[Finding]:
    """Return every promise that does not hold, with up to three rows each."""
    findings = []
    with _unhurried() as cursor:
        for promise, sql in promises(at_rest=at_rest).items():
            cursor.execute(sql)
            if rows := cursor.fetchmany(3):
                names = [column.name for column in cursor.description]
                shown = (", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in rows)
                findings.append(Finding(promise, tuple(shown)))
    return findings


@contextmanager
def _unhurried() -> Iterator[CursorWrapper]:
    """A cursor whose queries may take as long as they need; the limit of five seconds is meant for requests."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield cursor


def compare(ledger: Iterable[Mapping[str, Any]], *, at_rest: bool) -> list[Finding]:
    """Hold the provider's own book (amounts in minor units) against ours, payment by payment."""
    with _unhurried() as cursor:
        cursor.execute(OUR_PAYMENTS)
        ours = {row[0]: row for row in cursor.fetchall()}
    theirs: dict[str, list[Mapping[str, Any]]] = {}
    for intent in ledger:
        theirs.setdefault(str((intent.get("metadata") or {}).get("payment")), []).append(intent)
    strangers = [reference for reference, intents in theirs.items() if reference not in ours and _holds(intents)]
    rows = [f"{reference}: charged without an order" for reference in strangers]
    for reference, row in ours.items():
        rows += _differences(row, theirs.get(reference, []), at_rest=at_rest)
    return [Finding("P1 The provider's book and ours agree", tuple(rows[:5]))] if rows else []


def _holds(intents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The intents in which the provider holds or has taken money."""
    return [intent for intent in intents if intent["status"] in {"requires_capture", "succeeded"}]


def _differences(row: tuple[Any, ...], intents: list[Mapping[str, Any]], *, at_rest: bool) -> list[str]:
    _, status, amount, currency, number, order_status, refunded = row
    charges = _holds(intents)
    taken = [intent for intent in intents if intent["status"] == "succeeded"]
    found = []
    if len(charges) > 1:
        found.append(f"{number}: {len(charges)} charges")
    if any((intent["amount"], intent["currency"].upper()) != (amount * 100, currency) for intent in charges):
        found.append(f"{number}: charged another amount than {amount} {currency}")
    if taken and status not in {"capturing", "captured", "refunded"}:
        found.append(f"{number}: taken there, but {status} here")
    if not at_rest:  # the book was read a moment before our rows: what follows may be true by now
        return found
    if status in {"captured", "refunded"} and not taken:
        found.append(f"{number}: {status} here, but the provider took nothing")
    if order_status in {"paid", "fulfilled"} and not charges:
        found.append(f"{number}: {order_status} without a charge")
    if status in {"voided", "declined"} and charges:
        found.append(f"{number}: {status} here, but the provider holds money")
    if sum(Decimal(intent.get("amount_refunded", 0)) for intent in taken) != refunded * 100:
        found.append(f"{number}: refunded {refunded} here, something else there")
    return found
