"""Show the logs of all processes as they grow: one stream, each line with the time and a coloured name before it.

The files keep JSON, for programs; on the terminal a line of it becomes words.

Roadmap: testing/debugging-with-logs
"""

import json
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
                self._printer.write(
                    Message("line", readable(fresh), datetime.now(), process.name, self._colours[process.name])
                )


def readable(lines: bytes) -> bytes:
    """What is an object becomes its level, message and other fields; what is none stays as it is."""
    return b"\n".join(_words(line) for line in lines.split(b"\n"))


def _words(line: bytes) -> bytes:
    try:
        entry = json.loads(line)
        said = [entry.pop("level"), entry.pop("message")]
    except (ValueError, KeyError, AttributeError, TypeError):
        return line
    trace = entry.pop("traceback", "")
    fields = (f"{name}={value}" for name, value in entry.items() if name != "time" and value not in ("-", None))
    return "  ".join([*map(str, said), *fields, *(["\n" + trace] if trace else [])]).encode()
