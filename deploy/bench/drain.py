"""The outbox under load: how fast a backlog drains, and how soon a task begins after its commit.

    backlog   N messages at once ─► relay ─► broker ─► worker ─► done      messages per second
    pace      a message now and then ─► begun                              95th percentile of commit → begun

The messages are the provider's news of something that is none of ours: published, claimed and marked as done like any
other about payments, and nothing but a query in between. What a capture costs beyond that is the capture's.

Roadmap: messaging/transactional-outbox, testing/load-and-stress-tests
"""

import time
from collections.abc import Callable

import psycopg

from deploy.bench.figures import Figure
from deploy.embedded import ServerTrouble
from deploy.local.stack import Stack

BACKLOG, PACED, PAUSE = 1_000, 60, 0.05
ADD = """
INSERT INTO orders_outboxmessage (id, topic, payload, publications, attempts, error)
SELECT gen_random_uuid(), 'payment.event', '{"event": "evt_bench"}', 0, 0, '' FROM generate_series(1, %s)
"""
NEWS = """
INSERT INTO orders_webhookevent (provider_event_id, type, payload) VALUES ('evt_bench', 'balance.available', '{}')
ON CONFLICT DO NOTHING
"""
LEFT = "SELECT count(*) FROM orders_outboxmessage WHERE topic = 'payment.event' AND done_at IS NULL"
#: A claim lasts so many seconds: when it ends tells when it began.
BEGUN = """
SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - created_at)) FROM (
    SELECT created_at, done_at FROM orders_outboxmessage ORDER BY created_at DESC LIMIT %s
) AS latest
"""


def drain(shop: Stack, *, backlog: int = BACKLOG, tell: Callable[[str], object] = lambda step: None) -> list[Figure]:
    """Start relay and worker, and measure both; raises ServerTrouble if a backlog is not gone in three minutes."""
    with psycopg.connect(shop.servers.database_url, autocommit=True) as connection:
        connection.execute("UPDATE orders_outboxmessage SET done_at = now() WHERE done_at IS NULL")
        connection.execute(NEWS)
        shop.start("worker", "relay")
        _add(connection, 1)
        _wait_until_done(connection)  # once round: all is warm
        tell(f"draining {backlog:,} messages")
        began = time.monotonic()
        _add(connection, backlog)
        _wait_until_done(connection)
        rate = backlog / (time.monotonic() - began)
        tell("one message at a time")
        for _ in range(PACED):
            _add(connection, 1)
            time.sleep(PAUSE)
        _wait_until_done(connection)
        (done,) = connection.execute(BEGUN, [PACED]).fetchone() or (None,)
    for name in ("relay", "worker"):
        shop[name].stop()
    return [
        Figure("outbox drained", rate, 1_500, unit="/s", beside=f"{backlog:,} messages, two worker processes"),
        Figure("commit to task done, p95", float(done or 0), 0.5, most=True, unit=" s", beside="the goal is for begun"),
    ]


def _add(connection: psycopg.Connection, count: int) -> None:
    connection.execute(ADD, [count])


def _wait_until_done(connection: psycopg.Connection, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while (connection.execute(LEFT).fetchone() or (0,))[0]:
        if time.monotonic() > until:
            raise ServerTrouble(f"The outbox was not drained in {seconds:.0f} seconds.")
        time.sleep(0.02)
