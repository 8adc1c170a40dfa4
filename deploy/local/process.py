"""One process of the Procfile: start it, find its log, break it, start it again.

It leads a process group of its own, so that a kill reaches its children too (granian's and Celery's workers), and it
announces that group to the guard before it becomes the real program: there is no moment at which it could be lost.

Roadmap: foundations/processes-and-threads
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deploy.embedded.guard import GRACE
from deploy.embedded.leash import Leash
from deploy.embedded.processes import last_words, wait_until

ROOT = Path(__file__).parents[2]
# Standard input is the guard's pipe for as long as it takes to write one line.
ANNOUNCE = "echo $$ >&0; exec 0</dev/null; exec "


class ShopProcess:
    """A handle by name, as in `shop["worker"].restart()`."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path, leash: Leash) -> None:
        self.name, self.command, self.environment, self.log = name, command, environment, log
        self._leash = leash
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the leader; its group has the same number. 0 while it is not started."""
        return self._child.pid if self._child else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        return self._child.poll() if self._child else None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Returns at once; whether it can already do its work is another question."""
        if self.is_running:
            return
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                ["/bin/sh", "-c", ANNOUNCE + self.command],
                stdin=self._leash.pipe, stdout=log, stderr=log, env=self.environment, cwd=ROOT, start_new_session=True,
            )  # fmt: skip

    def stop(self, *, grace: float = GRACE) -> None:
        """In order: SIGTERM to the leader, which sees to its children; what is left after the grace is killed."""
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.signal(signal.SIGTERM)
            self.wait(grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group at once, as a power cut would."""
        if self._child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        wait_until(self._group_is_gone, 1)  # its children die a moment later; longer only if nobody reaps orphans here
        self._leash.forget(self._child.pid)
        self._child = None

    def _group_is_gone(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def signal(self, signum: int) -> None:
        """Send a signal to the leader alone."""
        if self._child:
            self._child.send_signal(signum)

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended; raises `subprocess.TimeoutExpired`."""
        if self._child:
            self._child.wait(seconds)

    def restart(self) -> None:
        """Stop in order, start again with the same command, environment and log."""
        self.stop()
        self.start()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return last_words(self.log, lines)
