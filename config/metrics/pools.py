"""The connection pool of this process: how many it keeps, how many are out, and who waits.

psycopg counts; here its counts become ours. Each process has a pool of its own, so each says how its own stands, at
the end of a request and at most once a second. Who waited is counted and not only seen: it may be over by then.

Roadmap: observability/apm-signals
"""

from threading import Lock
from time import monotonic
from typing import Any

from django.db import connection
from prometheus_client import Counter, Gauge

#: Seconds between two looks.
REST = 1.0
CONNECTIONS = Gauge(
    "shop_database_pool_connections", "Connections of the pool.", ["state"], multiprocess_mode="livesum"
)
WAITING = Gauge("shop_database_pool_waiting", "Who waits for one, when last looked.", multiprocess_mode="livesum")
WAITS = Counter("shop_database_pool_waits", "How often somebody had to wait for one.")
WAIT_SECONDS = Counter("shop_database_pool_wait_seconds", "How long they waited.")
TIMEOUTS = Counter("shop_database_pool_timeouts", "How often somebody waited in vain.")


class Looks:
    """Remembers when it looked last, and what psycopg had counted then."""

    def __init__(self) -> None:
        self._lock, self._next, self._known = Lock(), 0.0, dict[str, int]()

    def look(self, pool: Any) -> None:
        """Take over what has changed."""
        if monotonic() < self._next or not self._lock.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._next = monotonic() + REST
            self._take_over(pool.get_stats())
        finally:
            self._lock.release()

    def _take_over(self, stats: dict[str, int]) -> None:
        idle = stats.get("pool_available", 0)
        CONNECTIONS.labels("idle").set(idle)
        CONNECTIONS.labels("busy").set(stats.get("pool_size", 0) - idle)
        WAITING.set(stats.get("requests_waiting", 0))
        WAITS.inc(self._more(stats, "requests_queued"))
        WAIT_SECONDS.inc(self._more(stats, "requests_wait_ms") / 1000)
        TIMEOUTS.inc(self._more(stats, "requests_errors"))

    def _more(self, stats: dict[str, int], name: str) -> int:
        """A pool that was made anew counts from nothing."""
        now, known = stats.get(name, 0), self._known.get(name, 0)
        self._known[name] = now
        return now - known if now >= known else now


LOOKS = Looks()


def look() -> None:
    """Look at the pool of this process, if it has one and it was not looked at just now."""
    if pool := getattr(connection, "pool", None):
        LOOKS.look(pool)
