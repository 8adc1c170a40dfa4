"""An answer as it is kept: its bytes, what it depends on, and until when it is good.

In Redis it is one value: a line of JSON, and after it the body, compressed if it is larger than a packet. That form is
sent as it is to who takes gzip, so an answer is compressed once and not once for each reader.

Roadmap: caching/redis-cache
"""

import gzip
import json
from collections.abc import Mapping
from typing import NamedTuple

#: Part of every key: a deploy that changes what is kept, or how, counts it up and reads nothing of before.
FORM = 1
#: Bytes. Smaller answers leave in one packet either way, and compressing them costs more than it saves.
LEAST = 1_000


class Made(NamedTuple):
    """An answer fresh from the view, and the names of the versions that it depends on."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    names: tuple[str, ...]


class Entry(NamedTuple):
    """The same, kept. `tokens` are what the versions were before the view read its rows."""

    status: int
    body: bytes
    packed: bytes
    headers: Mapping[str, str]
    names: tuple[str, ...]
    tokens: tuple[str, ...]
    fresh_until: float
    kept_until: float

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        return len(self.body) + len(self.packed) + 500


def kept(made: Made, tokens: tuple[str, ...], fresh_until: float, kept_until: float) -> Entry:
    """Return what is kept of an answer."""
    packed = gzip.compress(made.body, 6, mtime=0) if len(made.body) >= LEAST else b""
    return Entry(made.status, made.body, packed, dict(made.headers), made.names, tokens, fresh_until, kept_until)


def written(entry: Entry) -> bytes:
    """Return the entry as one value for Redis."""
    status, body, packed, *rest = entry
    return json.dumps([status, bool(packed), *rest]).encode() + b"\n" + (packed or body)


def read(value: bytes) -> Entry:
    """Return the entry that `written` wrote."""
    head, _, sent = value.partition(b"\n")
    status, is_packed, headers, names, tokens, fresh_until, kept_until = json.loads(head)
    body, packed = (gzip.decompress(sent), sent) if is_packed else (sent, b"")
    return Entry(status, body, packed, headers, tuple(names), tuple(tokens), fresh_until, kept_until)
