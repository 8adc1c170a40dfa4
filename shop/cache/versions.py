"""Why no answer outlives a change: it carries the versions of what it was made of, and a change moves them on.

    reader: read versions ─► read rows ─► keep the answer with those versions
    writer:                         commit ─► a new version

Versions are read before rows. A reader who read the old row read the old version too, so whatever it keeps, and however
late, is void as soon as the writer has moved the version on; nobody has to find and delete the keys of every page,
order and filter that a product shows up in. They are never asked for again and end with their time.

A version is a random word and no counter: one that was lost, with all of Redis or for want of room, must not come back
as a number that an old answer carries. None at all is a version, too, the one of what has not changed for an hour.

Roadmap: caching/version-based-invalidation
"""

from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from shop.cache.entries import FORM

#: Seconds. Longer than any answer is kept (`kinds.py`), or an old one could outlive its version.
KEPT_FOR = 3_600
UNMOVED = ""


def store() -> BaseCache:
    """Return the cache that all processes share; it may be away, and then finds nothing (`config/caches.py`)."""
    return caches["catalogue"]


def is_away() -> bool:
    """Whether it did not answer lately, so that nothing that it did not say means anything."""
    return bool(getattr(store(), "is_away", False))


def move(names: Iterable[str]) -> None:
    """Make void what depends on any of these. One round trip; every process hears of it when it next asks."""
    store().set_many({_key(name): token_hex(6).encode() for name in names}, KEPT_FOR, version=FORM)


def ask(names: Iterable[str], *keys: str) -> tuple[dict[str, str], Mapping[str, bytes]]:
    """Return the versions, and what is kept under the keys, read in one moment. One round trip."""
    wanted = tuple(names)
    found: Mapping[str, Any] = store().get_many([*map(_key, wanted), *keys], version=FORM)
    return {name: found.get(_key(name), b"").decode() or UNMOVED for name in wanted}, found


def _key(name: str) -> str:
    return f"version:{name}"
