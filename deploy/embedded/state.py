"""What must be remembered between two starts: ports, passwords, and who may touch a folder now.

    var/demo/state.json    ports and passwords, readable by its owner only, replaced in one step
    var/demo/lock          held (flock) while somebody starts or stops a server
    var/demo/owners.lock   held shared by every running owner; whoever can have it alone is the last

The kernel drops a flock with its process, so a lock file that is left behind means nothing and is never deleted.

Roadmap: foundations/file-system, security/secrets-management
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.embedded.errors import ServerTrouble

PATIENCE = 120.0  # seconds; creating a database takes one, crash recovery of a large one some more


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class State:
    """Ports are 0 until first chosen; passwords are made once per folder."""

    durable: bool = True
    kept: bool = False  # started by `up` on the command line: stays until `down`, whoever else comes and goes
    postgres_port: int = 0
    redis_port: int = 0
    admin_password: str = field(default_factory=_password)
    shop_password: str = field(default_factory=_password)
    redis_password: str = field(default_factory=_password)

    @classmethod
    def load(cls, directory: Path) -> "State":
        file = directory / "state.json"
        if not file.exists():
            return cls()
        try:
            return cls(**json.loads(file.read_text()))
        except (ValueError, TypeError) as trouble:
            raise ServerTrouble(f"{file} cannot be read ({trouble}). Remove {directory} to start afresh.") from trouble
        except PermissionError as trouble:
            raise _not_ours(directory) from trouble

    def save(self, directory: Path) -> None:
        write_private(directory / "state.json", json.dumps(asdict(self), indent=1))


def write_private(file: Path, text: str) -> None:
    """Write beside and rename: a crash leaves the old file or the new one, never half of one. Only we can read it."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)


def _not_ours(directory: Path) -> ServerTrouble:
    return ServerTrouble(
        f"{directory} belongs to another account, or this one may not write there. Use the account that made it, "
        "remove it, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def open_lock(file: Path) -> int:
    """An open descriptor to flock; says whose folder it is when that fails."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as trouble:
        raise _not_ours(file.parent) from trouble


@contextmanager
def locked(directory: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """One starter or stopper at a time; the others wait their turn and then find the work done."""
    lock = open_lock(directory / "lock")
    deadline = time.monotonic() + patience
    try:
        while not try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = os.pread(lock, 20, 0).decode().strip() or "unknown"
                raise ServerTrouble(
                    f"Process {holder} has been starting or stopping the servers in {directory} for "
                    f"{patience:.0f} seconds. Wait for it, or end it if it hangs; nothing needs to be deleted."
                )
            time.sleep(0.05)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the flock without waiting; False if another process holds it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
