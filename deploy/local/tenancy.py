"""One shop per folder: the second one is told who is there, and never touches anything.

The lock is a flock, so it cannot be stale: the kernel drops it with the last process that has it open, the owner or,
if that was killed, the guard that is still tidying up after it.

Roadmap: foundations/file-system
"""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded import ServerTrouble
from deploy.embedded.processes import command_of, wait_until
from deploy.embedded.state import open_lock, try_lock

TIDYING_SECONDS = 60.0


@contextmanager
def tenancy(directory: Path, url: str, provider_url: str = "-") -> Iterator[int]:
    """Hold the folder for a `with` block; yields the lock's descriptor. ServerTrouble if a shop is running there."""
    lock = open_lock(directory / "run.lock")
    try:
        # A dead owner's guard needs some seconds to end what the owner left; a living owner is named at once.
        if not wait_until(lambda: try_lock(lock, fcntl.LOCK_EX) or bool(_living_owner(lock)), TIDYING_SECONDS):
            raise ServerTrouble(f"The shop that ran in {directory} is still being stopped. Try again in a moment.")
        if not try_lock(lock, fcntl.LOCK_EX):
            pid, address, _ = _living_owner(lock).split()
            raise ServerTrouble(
                f"The shop is already running in {directory}, at {address} (process {pid}). "
                "Stop it with Ctrl-C where it runs, or with `make stop`."
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()} {url} {provider_url}".encode(), 0)
        yield lock
    finally:
        os.close(lock)


def running_provider(directory: Path) -> str:
    """The address of the payment provider of the shop that runs in this folder; empty if none does."""
    lock = open_lock(directory / "run.lock")
    try:
        return "" if try_lock(lock, fcntl.LOCK_EX) else ((_living_owner(lock).split() or [""])[-1]).strip("-")
    finally:
        os.close(lock)


def stop_tenant(directory: Path) -> bool:
    """Ask a running shop to stop and wait until it has; False if there was none."""
    lock = open_lock(directory / "run.lock")
    try:
        if try_lock(lock, fcntl.LOCK_EX):
            return False
        if owner := _living_owner(lock):
            os.kill(int(owner.split()[0]), signal.SIGTERM)
        if not wait_until(lambda: try_lock(lock, fcntl.LOCK_EX), TIDYING_SECONDS):
            raise ServerTrouble(f"The shop in {directory} does not stop; it is process {owner or 'unknown'}.")
        return True
    finally:
        os.close(lock)


def _living_owner(lock: int) -> str:
    """`pid url provider_url` of the holder; empty while that is unknown or dead."""
    owner = os.pread(lock, 200, 0).decode()
    return owner if owner and command_of(int(owner.split()[0])) else ""
