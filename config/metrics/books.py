"""What the shop's own tables say about work that waits: the outbox, its dead letters, orders that wait for an answer.

Asked when Prometheus looks, by a connection of its own that gives up after a second: the page must be there exactly
when the pool is exhausted or the database slow, and must not make it worse. Every statement walks a partial index of
what is unfinished, and counts no further than some thousand rows.

Roadmap: messaging/queue-monitoring, messaging/transactional-outbox
"""

import logging
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config.metrics.keeping import Kept

logger = logging.getLogger(__name__)
LANES = ("mail", "webhook", "other")
#: Rows that are looked at. With more the count is too small, and an alert has long gone off.
MOST = 20_000
OUTBOX = """
SELECT coalesce(substring(topic from '^(mail|webhook)[.]'), 'other'),
    count(*) FILTER (WHERE due_at <= now()), extract(epoch FROM now() - min(due_at)),
    count(*), extract(epoch FROM now() - min(created_at))
FROM (
    SELECT topic, due_at, created_at FROM orders_outboxmessage WHERE done_at IS NULL AND dead_at IS NULL
    ORDER BY due_at LIMIT %s
) unfinished GROUP BY 1
"""
DEAD = "SELECT count(*) FROM (SELECT FROM orders_outboxmessage WHERE dead_at IS NOT NULL LIMIT %s) dead"
PENDING = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(placed_at)), 0)
FROM (SELECT placed_at FROM orders_order WHERE status = 'pending' ORDER BY placed_at LIMIT %s) pending
"""
OF_LANES = {
    "shop_outbox_due_messages": "Messages that are due and that the relay has not handed to the broker.",
    "shop_outbox_due_age_seconds": "For how long the first of them has been due.",
    "shop_outbox_unfinished_messages": "Messages that are written and not done, due or not.",
    "shop_outbox_unfinished_age_seconds": "How long ago the oldest of them was written.",
}
OF_ALL = {
    "shop_outbox_dead_messages": "Messages that were given up and that nobody has seen to.",
    "shop_orders_pending": "Orders that wait for the provider's word.",
    "shop_orders_pending_age_seconds": "Age of the oldest of them.",
}


class Books(Kept):
    """Reads the tables. While they cannot be read, `shop_books_up` is 0 and all else is left out."""

    def families(self) -> list[Metric]:
        """Three short statements, of a second at most."""
        try:
            with psycopg.connect(**_access()) as line:
                lanes = {row[0]: row[1:] for row in line.execute(OUTBOX, [MOST])}
                rest = [*line.execute(DEAD, [MOST]).fetchone(), *line.execute(PENDING, [MOST]).fetchone()]  # type: ignore[misc]
        except psycopg.Error as failure:
            logger.warning("the books cannot be read for the metrics: %s", failure)
            return [_up(0)]
        return [
            _up(1),
            *_by_lane(lanes),
            *(_gauge(name, OF_ALL[name], value) for name, value in zip(OF_ALL, rest, strict=True)),
        ]

    def describe(self) -> list[Metric]:
        """Every name with its labels, and no value."""
        return [_up(0), *_by_lane({}), *(_gauge(name, text, 0) for name, text in OF_ALL.items())]


def _access() -> dict[str, Any]:
    known = connection.get_connection_params()
    named = {name: known[name] for name in ("host", "port", "user", "password", "dbname", "sslmode") if known.get(name)}
    return named | {"connect_timeout": 2, "options": "-c statement_timeout=1000", "application_name": "shop-metrics"}


def _by_lane(lanes: dict[str, tuple[Any, ...]]) -> Iterator[Metric]:
    for place, (name, text) in enumerate(OF_LANES.items()):
        family = GaugeMetricFamily(name, text, labels=["lane"])
        for lane in LANES:
            family.add_metric([lane], max(float(lanes.get(lane, (0, 0, 0, 0))[place]), 0.0))
        yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _up(value: int) -> Metric:
    return _gauge("shop_books_up", "Whether the books could be read: 1 or 0.", value)


BOOKS = Books()
