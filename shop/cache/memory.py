"""The tier in front of Redis: what this process has answered lately, given again for a second without asking anybody.

    fresh(key) ─► verified less than `seconds` ago, and nothing of it changed by this process since ─► given
    known(key) ─► older: its versions have to be asked for first, but its bytes need not travel again

For that second, and no longer, two processes may disagree. What a process changes itself it sees at once.

Bounded by bytes; what was not asked for the longest goes first. Safe for threads: each method holds one lock for less
than a microsecond.

Roadmap: caching/application-level-cache, caching/cache-coherence
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from time import monotonic, time
from typing import Any, NamedTuple

from shop.cache.entries import Entry

#: Bytes of one process; about eight hundred pages of a list.
MOST = 8_000_000
#: Names of which it is remembered when they last changed here, and addresses of which it is known what they depend on.
MOST_NAMES = 20_000


class Held(NamedTuple):
    """An entry, and when its versions were last known to be right, by this process's clock."""

    entry: Entry
    verified_at: float


class Memory:
    """What one process keeps."""

    def __init__(
        self, *, most: int = MOST, clock: Callable[[], float] = monotonic, wall: Callable[[], float] = time
    ) -> None:
        self._most, self.clock, self.wall = most, clock, wall
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._size = 0
        self._changed: OrderedDict[str, float] = OrderedDict()
        self._names: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = Lock()

    def fresh(self, key: str, seconds: float) -> Entry | None:
        """Return what may be given unasked."""
        with self._lock:
            held = self._held.get(key)
            if held is None or self.clock() - held.verified_at >= seconds or self.wall() >= held.entry.fresh_until:
                return None
            if any(self._changed.get(name, -1.0) >= held.verified_at for name in held.entry.names):
                return None
            self._held.move_to_end(key)
            return held.entry

    def known(self, key: str) -> Entry | None:
        """Return what is there, however old."""
        with self._lock:
            held = self._held.get(key)
            return held.entry if held else None

    def put(self, key: str, entry: Entry, verified_at: float) -> None:
        """Keep it, and let go of what was not asked for the longest while there is too much."""
        with self._lock:
            self._drop(key)
            self._held[key] = Held(entry, verified_at)
            self._size += entry.size
            while self._size > self._most:
                self._drop(next(iter(self._held)))

    def changed(self, names: Iterable[str]) -> None:
        """Give nothing any more that was verified before now and depends on one of these."""
        with self._lock:
            for name in names:
                _remember(self._changed, name, self.clock())

    def learn(self, key: str, names: tuple[str, ...]) -> None:
        """Remember what the answer at an address depends on."""
        with self._lock:
            _remember(self._names, key, names)

    def names(self, key: str) -> tuple[str, ...]:
        """Return what it was said to depend on; nothing if nobody has said so."""
        return self._names.get(key, ())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for kept in (self._held, self._changed, self._names):
                kept.clear()
            self._size = 0

    def _drop(self, key: str) -> None:
        if held := self._held.pop(key, None):
            self._size -= held.entry.size


def _remember(kept: OrderedDict[str, Any], name: str, value: Any) -> None:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > MOST_NAMES:
        kept.popitem(last=False)
