"""Opens the provider's book and does work on it in threads: each `write` one transaction, each `read` one snapshot.

    requests ─► write ─► one thread ─► BEGIN IMMEDIATE … COMMIT      (SQLite; eight threads on a server database)
             └► read  ─► four threads, the last committed state

SQLite has one writer. Queueing for it in our own thread is fair and costs nothing; many threads that find the book
locked would sleep and try again (`busy_timeout`), which is left for other processes. BEGIN IMMEDIATE takes the lock
first, so no transaction fails half-way; WAL lets readers go on meanwhile.

Roadmap: databases/sqlite, orm/sqlalchemy
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from deploy.payment_provider.tables import Page

Result = TypeVar("Result")
Work = Callable[[Session], Result]


class Book:
    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        one_writer = self.engine.dialect.name == "sqlite"
        self.writers = ThreadPoolExecutor(1 if one_writer else 8, "book-writer")
        self.readers = ThreadPoolExecutor(4, "book-reader")

    async def write(self, work: Work[Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.writers, self.commit, work)

    async def read(self, work: Work[Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.readers, self.look, work)

    def commit(self, work: Work[Result]) -> Result:
        with Session(self.engine) as session, session.begin():
            return work(session)

    def look(self, work: Work[Result]) -> Result:
        with Session(self.engine.execution_options(begin="BEGIN")) as session:
            return work(session)

    def close(self) -> None:
        self.writers.shutdown()
        self.readers.shutdown()
        self.engine.dispose()


def open_engine(url: str) -> Engine:
    """An engine with the tables in it, for any URL that SQLAlchemy knows.

    On SQLite synchronous=NORMAL keeps every commit through a kill -9; a power cut may lose the last of them, but never
    tears the book.
    """
    target = make_url(url)
    if target.drivername in ("postgres", "postgresql"):
        target = target.set(drivername="postgresql+psycopg")
    if target.get_backend_name() != "sqlite":
        engine = create_engine(target, pool_size=12)
    else:
        Path(target.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(target)
        event.listen(engine, "connect", tune_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    Page.metadata.create_all(engine)
    return engine


def tune_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see `begin_sqlite`
    # Another process may hold the book (a backup, the test suite): wait up to 10 s instead of failing at once.
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))
