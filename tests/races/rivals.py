"""Rivals: threads with a database connection each, brought to the same point by PostgreSQL itself instead of by luck.

    blocker locks one row ─► rival 1 runs into it and waits ─► rival 2 waits behind it ─► … ─► blocker lets go

A rival counts as waiting when `pg_blocking_pids` says so, so nothing here sleeps and hopes. Every rival has taken its
snapshot by then: whoever acts on what it read before the wait shows it.

Roadmap: testing/integration-tests
"""

import time
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Any

from django.db import connection, models, transaction

SECONDS = 60
# The shop's own timeouts would end a rival while a busy machine is still bringing the others to the start.
PATIENT = f"SET lock_timeout = '{SECONDS}s'; SET statement_timeout = '{SECONDS}s'"
BLOCKED = "SELECT cardinality(pg_blocking_pids(%s)) > 0"

Action = Callable[[], Any]


class Rival(Thread):
    """One actor. `outcome` is what it returned, or the exception that it ended with."""

    def __init__(self, action: Action) -> None:
        super().__init__(daemon=True)
        self.action, self.outcome, self.pid, self._connected = action, None, 0, Event()

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(PATIENT)
            self.pid = connection.connection.info.backend_pid
            self._connected.set()
            self.outcome = self.action()
        except Exception as ended:  # whatever it is, the test wants to see it
            self.outcome = ended
        finally:
            self._connected.set()
            connection.close()

    def start_and_wait(self) -> "Rival":
        """Start it and return when it waits for a lock or has ended."""
        self.start()
        self._connected.wait(SECONDS)
        with connection.cursor() as cursor:
            until(lambda: not self.is_alive() or cursor.execute(BLOCKED, [self.pid]).fetchone()[0])
        return self

    def ended(self) -> Any:
        """Wait for its end and return its outcome."""
        self.join(SECONDS)
        assert not self.is_alive(), "a rival hangs"
        return self.outcome


def until(reached: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    """Ask every five milliseconds."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def queued(rows: Iterable[models.Model], *actions: Action) -> list[Any]:
    """Run the actions at once, all of them stopped by a lock on these rows, let go together in the order given."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for row in rows:
            lock(row)
        rivals = [Rival(action).start_and_wait() for action in actions]
    return [rival.ended() for rival in rivals]


def lock(row: models.Model) -> None:
    """Lock a row by plain SQL, which no test has taken the locks out of."""
    table, key = row._meta.db_table, row._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM {table} WHERE {key} = %s FOR UPDATE", [row.pk])
