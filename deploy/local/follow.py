"""Show the logs of all processes as they grow: one stream, each line with the time and a coloured name before it.

Roadmap: testing/debugging-with-logs
"""

import sys
from collections.abc import Collection
from datetime import datetime
from threading import Event, Thread
from types import TracebackType

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from deploy.local.process import ShopProcess


class Follow(Thread):
    """A thread as a `with` block; at its end what was written last is still shown."""

    def __init__(self, processes: Collection[ShopProcess]) -> None:
        super().__init__(daemon=True)
        self._done = Event()
        self._printer = Printer(sys.stdout, width=max(len(process.name) for process in processes))
        self._colours = dict(zip((process.name for process in processes), get_colours(), strict=False))
        self._processes = processes
        self._offsets = {process.name: process.log.stat().st_size for process in processes}

    def __enter__(self) -> "Follow":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        while not self._done.wait(0.2):
            self.show()
        self.show()

    def show(self) -> None:
        """Whole lines only: the rest of a half-written one comes next time."""
        for process in self._processes:
            with process.log.open("rb") as log:
                log.seek(self._offsets[process.name])
                fresh, newline, _ = log.read().rpartition(b"\n")
            self._offsets[process.name] += len(fresh) + len(newline)
            if fresh:
                self._printer.write(Message("line", fresh, datetime.now(), process.name, self._colours[process.name]))
