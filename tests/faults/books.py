"""The running shop's books, read by plain SQL from outside: what is still under way, and how it ended."""

import time
from typing import Any

import psycopg

from config.audit import promises
from deploy.local.stack import Stack

UNDER_WAY = """
SELECT 'orders pending', count(*) FROM orders_order WHERE status = 'pending'
UNION ALL SELECT 'messages waiting', count(*) FROM orders_outboxmessage WHERE done_at IS NULL AND dead_at IS NULL
UNION ALL SELECT 'payments moving', count(*) FROM orders_payment WHERE status IN ('authorized', 'capturing', 'voiding')
"""


class Books:
    """Each question opens a connection: the server may have been restarted since the last one."""

    def __init__(self, shop: Stack) -> None:
        self.shop = shop

    def ask(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.shop.servers.database_url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row; None without a row."""
        rows = self.ask(sql, *parameters)
        return rows[0][0] if rows else None

    def under_way(self) -> dict[str, int]:
        """What is not finished, by kind; empty at rest."""
        return {kind: count for kind, count in self.ask(UNDER_WAY) if count}

    def come_to_rest(self, seconds: float) -> float:
        """Wait until nothing is under way and return how long that took; AssertionError naming what is left."""
        began = time.monotonic()
        while left := self.under_way():
            assert time.monotonic() - began < seconds, f"after {seconds} s: {left}; {self.stuck()}"
            time.sleep(0.25)
        return time.monotonic() - began

    def stuck(self) -> list[tuple[Any, ...]]:
        """Of what is not finished, the oldest."""
        return self.ask(
            "SELECT topic, attempts, publications, due_at - now(), error FROM orders_outboxmessage"
            " WHERE done_at IS NULL ORDER BY created_at LIMIT 5"
        )

    def broken_promises(self) -> list[str]:
        """Of the promises that hold at every moment, those that do not."""
        return [name for name, sql in promises(at_rest=False).items() if self.ask(sql)]

    def order(self, number: str) -> tuple[str, str]:
        """Status of the order and of its payment."""
        sql = "SELECT o.status, p.status FROM orders_order o JOIN orders_payment p ON p.order_id = o.id WHERE number=%s"
        return self.ask(sql, number)[0]  # type: ignore[return-value]

    def numbers(self, status: str) -> set[str]:
        return {number for (number,) in self.ask("SELECT number FROM orders_order WHERE status = %s", status)}
