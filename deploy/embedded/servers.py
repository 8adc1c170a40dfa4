"""Bring up PostgreSQL and Redis for one folder, take them down, or hold them as long as a program runs.

Servers named by DATABASE_URL or REDIS_URL are used as they are; nothing is started for them and nothing stopped.

Roadmap: workflow/twelve-factor, databases/postgresql, nosql/redis
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import postgres, redis
from deploy.embedded.leash import Leash
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.state import State, locked

NOTHING_GIVEN: Mapping[str, str] = {}


@dataclass(frozen=True)
class Servers:
    """Where they are. `admin_url` is PostgreSQL's superuser, empty for a server that we did not start."""

    database_url: str
    redis_url: str
    admin_url: str = ""

    def environment(self) -> dict[str, str]:
        """What the shop's processes need to find them."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def up(
    directory: Path, *, durable: bool = True, given: Mapping[str, str] = NOTHING_GIVEN, kept: bool | None = None
) -> Servers:
    """Idempotent and safe to race. Both run when it returns; raises ServerTrouble with a sentence if they cannot.

    `given` is an environment whose DATABASE_URL and REDIS_URL are taken instead; pass `os.environ` to respect it.
    `kept`: leave them running until `down`, even when the last owner goes.
    """
    directory = directory.resolve()
    with locked(directory):
        state = State.load(directory)
        state.durable, state.kept = durable, state.kept if kept is None else kept
        state.save(directory)
        if not given.get("DATABASE_URL"):
            postgres.start(directory, state)
        if not given.get("REDIS_URL"):
            redis.start(directory, state)
    ours = addresses(state)
    if given.get("DATABASE_URL"):
        return Servers(given["DATABASE_URL"], given.get("REDIS_URL") or ours.redis_url)
    return Servers(ours.database_url, given.get("REDIS_URL") or ours.redis_url, ours.admin_url)


def down(directory: Path) -> None:
    """Stop both if they run. In order: connections are told, the last writes reach the disk."""
    directory = directory.resolve()
    if not directory.exists():
        return
    with locked(directory):
        postgres.stop(directory)
        redis.stop(directory)
        state = State.load(directory)
        state.kept = False
        state.save(directory)


@contextmanager
def running(directory: Path, *, durable: bool = True, given: Mapping[str, str] = NOTHING_GIVEN) -> Iterator[Servers]:
    """Hold the servers for a `with` block. They stop at its end, or when this process dies in any way."""
    with leashed(directory, durable=durable, given=given) as (servers, _leash):
        yield servers


@contextmanager
def leashed(
    directory: Path, *, durable: bool, given: Mapping[str, str], holding: tuple[int, ...] = ()
) -> Iterator[tuple[Servers, Leash]]:
    """As `running`, for owners that have further processes to put on the same leash (see `Leash` for `holding`)."""
    leash = Leash(directory.resolve(), holding=holding)
    try:
        yield up(directory, durable=durable, given=given), leash
    finally:
        leash.release()


def addresses(state: State) -> Servers:
    """The URLs of a folder's servers, running or not."""
    place = f"{LOOPBACK}:{state.postgres_port}"
    password = redis.password_of(state)
    return Servers(
        database_url=f"postgres://shop:{state.shop_password}@{place}/shop",
        redis_url=f"redis://{f':{password}@' if password else ''}{LOOPBACK}:{state.redis_port}/0",
        admin_url=f"postgres://postgres:{state.admin_password}@{place}/postgres",
    )
