"""Listens to what every test has the shop say, as a reader of the log gets it, for secrets that got through."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from config.logs.lines import Line

#: Tokens, keys of the provider and of ours, card numbers of the provider's documents, passwords of the cast.
SECRET = re.compile(
    r"\beyJ[\w-]{10,}\.[\w-]+|\b[rs]k_test_(?!local\b)\w{6,}|\b(?:rsk_)?[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\b"
    r"|\b4242[ -]?4242[ -]?4242[ -]?4242\b|\b4000[ -]?0000[ -]?0000[ -]?\d{4}\b|-shows-the-shop"
)


class Listener(logging.Handler):
    """Keeps the lines in which there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Line())
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, and look at it."""
        if SECRET.search(line := self.format(record)):
            self.found.append(line)


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Give the list of lines that tell a secret; it fills while the block runs."""
    root, listener = logging.getLogger(), Listener()
    root.addHandler(listener)
    try:
        yield listener.found
    finally:
        root.removeHandler(listener)
