"""Break the embedded servers on purpose, on the same ports, so that tests can watch the shop come back.

PostgreSQL modes: `fast` (clients are told), `immediate` (SIGQUIT), `kill` (SIGKILL); the last two need recovery.
Redis modes: `clean` and `kill`.

Roadmap: testing/integration-tests, databases/backup-and-operations
"""

from pathlib import Path

from deploy.embedded import postgres, redis
from deploy.embedded.state import State, locked


def stop_postgres(directory: Path, mode: str = "fast") -> None:
    directory = directory.resolve()
    with locked(directory):
        postgres.stop(directory, mode)


def start_postgres(directory: Path) -> None:
    directory = directory.resolve()
    with locked(directory):
        postgres.start(directory, State.load(directory), keep_port=True)


def restart_postgres(directory: Path, mode: str = "fast") -> None:
    """Down and up again; returns when it answers."""
    stop_postgres(directory, mode)
    start_postgres(directory)


def stop_redis(directory: Path, mode: str = "clean") -> None:
    directory = directory.resolve()
    with locked(directory):
        redis.stop(directory, mode)


def start_redis(directory: Path) -> None:
    directory = directory.resolve()
    with locked(directory):
        redis.start(directory, State.load(directory), keep_port=True)


def restart_redis(directory: Path, mode: str = "clean") -> None:
    """Down and up again; returns when it answers."""
    stop_redis(directory, mode)
    start_redis(directory)
