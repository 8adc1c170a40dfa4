"""What a race left behind, counted in four places that know nothing of each other: the answers that people got, the
shop's tables, the payment provider's own book, and the mails as delivered.

Roadmap: testing/database-load-tests
"""

import re
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import httpx

from config.audit import promises
from deploy.local.stack import Stack
from tests.races.crowd import BOUGHT, database, refused

SOLD = """
SELECT o.number, sum(line.quantity) FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
WHERE line.sku = ANY(%s) AND o.status = 'paid' GROUP BY o.number
"""
LEFT = """
SELECT coalesce(sum(on_hand), 0), coalesce(sum(reserved), 0)
FROM shop_stock JOIN shop_product ON shop_product.id = product_id WHERE sku = ANY(%s)
"""
UNDER_WAY = """
SELECT (SELECT count(*) FROM orders_outboxmessage WHERE done_at IS NULL AND dead_at IS NULL)
     + (SELECT count(*) FROM orders_order WHERE status = 'pending')
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
MESSAGE_ID = re.compile(rb"^Message-ID: <order-([0-9A-Z-]+)@", re.MULTILINE)


class Tally(NamedTuple):
    """One sale in figures. `failed` are answers that are neither a sale nor a proper out-of-stock problem."""

    sold: int
    left: tuple[int, int]
    orders: int
    bought: int
    refused: int
    failed: Counter[int]
    charged: int
    mails: Counter[int]


def deadlocks(shop: Stack) -> int:
    """Since the server began to count."""
    with database(shop) as connected:
        return int(connected.execute(DEADLOCKS).fetchone()[0])


def rest(shop: Stack, *, seconds: float = 120.0) -> None:
    """Wait until no order is pending, no message waits here and no webhook at the provider."""
    deadline = time.monotonic() + seconds
    # verify=False: reading the certificates that nobody asks for would cost more than the question.
    with database(shop) as connected, httpx.Client(trust_env=False, verify=False, timeout=30) as client:
        while left := connected.execute(UNDER_WAY).fetchone()[0] or _webhooks_waiting(shop, client):
            assert time.monotonic() < deadline, f"the shop does not come to rest: {left} things still to do"
            time.sleep(0.2)


def count(shop: Stack, skus: Sequence[str], answers: Sequence[httpx.Response], *, since: float) -> Tally:
    """Count what one sale of these products left behind; to be called at rest. `since`: the time when it began."""
    with database(shop) as connected:
        orders = {number: int(units) for number, units in connected.execute(SOLD, [list(skus)])}
        left = connected.execute(LEFT, [list(skus)]).fetchone()
    others = [answer for answer in answers if answer.status_code not in BOUGHT and not refused(answer)]
    return Tally(
        sold=sum(orders.values()),
        left=tuple(map(int, left)),
        orders=len(orders),
        bought=sum(answer.status_code in BOUGHT for answer in answers),
        refused=sum(bool(refused(answer)) for answer in answers),
        failed=Counter(answer.status_code for answer in others),
        charged=charges(shop, orders),
        mails=mails(shop, orders, since=since),
    )


def broken_promises(shop: Stack) -> dict[str, Any]:
    """The promises of `deploy/audit/invariants.sql` that do not hold at rest, with a row that breaks each."""
    with database(shop) as connected:
        rows = {promise: connected.execute(sql).fetchone() for promise, sql in promises(at_rest=True).items()}
    return {promise: row for promise, row in rows.items() if row}


def charges(shop: Stack, orders: Collection[str]) -> int:
    """How many charges of the full amount the provider's own book has for these orders."""
    return sum(
        intent["status"] == "succeeded" and intent["amount_captured"] == intent["amount"]
        for intent in ledger(shop)
        if intent["metadata"].get("order") in orders
    )


def ledger(shop: Stack) -> list[dict[str, Any]]:
    return list(httpx.get(f"{shop.provider_url}/_ledger", timeout=60, trust_env=False).raise_for_status().json())


def mails(shop: Stack, orders: Collection[str], *, since: float) -> Counter[int]:
    """How many of these orders have been written to how often: `{1: 60}` is what should be."""
    folder = shop.directory / "mail"
    files = [file for file in folder.iterdir() if file.stat().st_mtime >= since - 1]
    letters = Counter(number.decode() for file in files for number in MESSAGE_ID.findall(file.read_bytes()))
    return Counter(letters[number] for number in orders)


def _webhooks_waiting(shop: Stack, client: httpx.Client) -> int:
    return int(client.get(f"{shop.provider_url}/_health").raise_for_status().json()["webhooks_waiting"])
