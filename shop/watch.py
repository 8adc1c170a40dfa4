"""Who watches stock hears of every change: PostgreSQL rings (NOTIFY), one connection listens, each watcher looks.

    UPDATE shop_stock ─► trigger ─► NOTIFY at commit ─► Lookout (one connection per process) ─► Watcher, Watcher, …
                            └─ nobody watches: no NOTIFY

A bell says which rows to look at and never what they say: a watcher reads them when it has time, so it sees the newest
figures in the order in which they became true, a slow one skips what is past, and none remembers more than the products
it asked for. When the connection is lost nobody knows what was missed: once it is back, all is looked at again.

NOTIFY makes commits queue up one behind the other, so purchases pay for it only while somebody watches. Watching is a
lock: each Lookout holds one of four seats exclusively, and the trigger, which tries to share all four, rings if it
cannot. A Lookout that waits for its seat waits for the writers who found it empty, and reads nothing before they have
committed; from its first reading on, nothing is missed.

A transaction pooler in front of PostgreSQL would lose both lock and LISTEN: the Lookout needs a connection of its own.

Roadmap: api/grpc-server-streaming, databases/postgresql
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from shop.errors import NotWatching, TooManyWatchers
from shop.models.catalogue import SEAT_COUNT, SEATS

logger = logging.getLogger(__name__)
#: Advisory locks that say which seat is whose, so that no Lookout waits for another one: only for writers.
CHAIRS = 0xC4A1
#: Seconds: between attempts to reach the database, and until the Lookout sees that it may go home.
AWAY, GLANCE = 0.5, 0.5


class Watcher:
    """One who watches some products: which of them changed since they last looked, and no more than that."""

    def __init__(self, product_ids: Iterable[int]) -> None:
        self._ids = frozenset(product_ids)
        self._changed: set[int] = set()
        self._rung = threading.Condition()
        self._is_over = False

    def ring(self, product_ids: Iterable[int] | None = None) -> None:
        """Some products have changed; None: perhaps all. Costs the ringer nothing, however slow the watcher is."""
        with self._rung:
            self._changed |= self._ids if product_ids is None else self._ids.intersection(product_ids)
            self._rung.notify_all()

    def leave(self) -> None:
        """Have `wait` return at once, now and from now on: the client is gone, or the shop closes."""
        with self._rung:
            self._is_over = True
            self._rung.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether it has left."""
        return self._is_over

    def wait(self, seconds: float) -> set[int]:
        """Return what changed since the last call, as soon as there is something; empty when the time is up."""
        with self._rung:
            self._rung.wait_for(lambda: self._changed or self._is_over, max(seconds, 0))
            changed, self._changed = self._changed, set()
            return set() if self._is_over else changed


class Lookout:
    """Listens for all watchers of this process, in a thread of its own, for as long as there are any."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._watchers: set[Watcher] = set()
        self._lock = threading.Condition()
        self._is_listening = self._is_closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, product_ids: Iterable[int]) -> Iterator[Watcher]:
        """Watch for a `with` block; the first `wait` returns every product once nothing can be missed any more.

        Raises TooManyWatchers, and NotWatching when the shop is closing.
        """
        watcher = Watcher(product_ids)
        with self._lock:
            if self._is_closed:
                raise NotWatching
            if len(self._watchers) >= self._most:
                raise TooManyWatchers(self._most)
            self._watchers.add(watcher)
            if self._is_listening:
                watcher.ring()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="lookout", daemon=True)
                self._thread.start()
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def close(self) -> None:
        """Send all watchers home and stop listening; returns when the connection is closed."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
            for watcher in self._watchers:
                watcher.leave()
        if thread is not None:
            thread.join()

    def _listen(self) -> None:
        """Until nobody watches any more, however often the database goes away."""
        while self._is_wanted():
            try:
                with _line() as line:
                    self._announce()
                    self._pass_on(line)
            except psycopg.Error as failure:
                logger.warning("cannot watch stock: %s", failure)
                time.sleep(AWAY)
            finally:
                self._is_listening = False

    def _is_wanted(self) -> bool:
        """Decide it under the lock: whoever comes after a no starts a new thread."""
        with self._lock:
            is_wanted = bool(self._watchers) and not self._is_closed
            if not is_wanted:
                self._thread = None
                self._is_listening = False
            return is_wanted

    def _announce(self) -> None:
        """Nothing is missed from now on; what was before, everybody has to read."""
        with self._lock:
            self._is_listening = True
            for watcher in self._watchers:
                watcher.ring()

    def _pass_on(self, line: psycopg.Connection) -> None:
        while self._watchers and not self._is_closed:
            for bell in line.notifies(timeout=GLANCE, stop_after=1):
                changed = [int(id_) for id_ in bell.payload.split(",")] if bell.payload else None
                with self._lock:
                    for watcher in self._watchers:
                        watcher.ring(changed)


@contextmanager
def _line() -> Iterator[psycopg.Connection]:
    """A connection that hears every change: it listens first, then takes a seat, which makes writers ring."""
    parameters = connection.get_connection_params() | {"application_name": "shop lookout"}
    with psycopg.connect(**parameters, autocommit=True, keepalives_idle=30) as line:
        line.execute("LISTEN stock")
        ask = "SELECT pg_try_advisory_lock(%s, %s)"
        seat = next((chair for chair in range(SEAT_COUNT) if _one(line, ask, CHAIRS, chair)), None)
        if seat is None:
            raise psycopg.OperationalError("all seats are taken; each process that watches needs one")
        line.execute("SELECT pg_advisory_lock(%s, %s)", [SEATS, seat])
        yield line


def _one(line: psycopg.Connection, statement: str, *parameters: int) -> object:
    row = line.execute(statement, parameters).fetchone()
    return row and row[0]
