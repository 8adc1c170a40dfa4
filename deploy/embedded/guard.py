"""A small process that cleans up after its owner, however the owner dies: the exit path is the crash path.

    owner ──pipe──► guard        the kernel closes the pipe with the owner, even after SIGKILL
                      │ end of file
                      ▼
    processes the owner announced: SIGTERM, 10 s, SIGKILL their groups  →  servers stopped, unless another owner lives

Lines on the pipe: `123` a process group is ours, `-123` it ended in order. It ignores every polite signal.

Roadmap: foundations/processes-and-threads
"""

import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from deploy.embedded import postgres, redis
from deploy.embedded.processes import command_of, wait_until
from deploy.embedded.state import State, locked, try_lock

GRACE = 10.0  # seconds for a worker to finish the task in its hands


def main() -> None:
    directory, owners = Path(sys.argv[1]), int(sys.argv[2])
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    end_groups(announced_groups())
    with locked(directory):
        if try_lock(owners, fcntl.LOCK_EX) and not State.load(directory).kept:
            postgres.stop(directory)
            redis.stop(directory)


def announced_groups() -> list[int]:
    """Read until the owner is gone; the groups it left, oldest first."""
    groups: list[int] = []
    for line in sys.stdin:
        pid = int(line)
        if pid > 0:
            groups.append(pid)
        else:
            with suppress(ValueError):
                groups.remove(-pid)
    return groups


def end_groups(groups: list[int]) -> None:
    """Ask each leader to stop (it stops its own children in order), then kill what is left of its group."""
    for pid in reversed(groups):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not any(command_of(pid) for pid in groups), GRACE)
    for pid in groups:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
