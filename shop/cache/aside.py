"""Cache-aside: look for the answer; if it is not there, make it from the database and keep it for the next one.

    memory ──► fresh: given                                                       "memory"
      │  one thread goes on for all that want the same (flights.py)
    Redis ───► its versions hold, and it is fresh: given                          "redis"
      │  one process goes on for all: a lock of two seconds
      ├──────► another has the lock, and the versions hold: given once more       "stale"
      ├──────► another has the lock, and there is nothing to give: wait for it    "awaited"
    view ────► versions were read before; now the rows; keep the answer           "made"

The lock only saves work. Who does not get it waits a quarter of a second at most and then asks the database all the
same, so a process that dies with it costs others that quarter once. While Redis is away everything is made ("away"),
and the memory tier alone stands before the database; it needs nobody to keep its promise of a second.

Inside a transaction nothing is looked up and nothing kept ("bypassed"): what it sees may be its own and never be
committed, or older than what others have committed since.

Roadmap: caching/cache-aside, caching/cache-stampede, caching/purpose-of-caching
"""

from collections.abc import Callable, Mapping
from functools import partial
from time import sleep
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from shop.cache.counts import count
from shop.cache.entries import FORM, Entry, Made, kept, read, written
from shop.cache.flights import Flights
from shop.cache.kinds import KINDS, lives
from shop.cache.memory import Memory
from shop.cache.versions import ask, is_away, store

#: Seconds: how long a lock is kept if its process dies, how long others wait for what it makes, and between two looks.
LOCKED, PATIENCE, GLANCE = 2, 0.25, 0.01
#: Seconds for which a process gives what it has without asking, by CATALOGUE_CACHE; None: nothing is kept at all.
UNASKED: Mapping[str, float | None] = {"memory": 1.0, "redis": 0.0, "off": None}

Make = Callable[[], Made | None]


class Found(NamedTuple):
    """An answer, and where it came from: a word of the picture above."""

    entry: Entry
    result: str


class Seen(NamedTuple):
    """What a look at Redis told: an entry whose versions hold, if any, the versions, and when the look began."""

    entry: Entry | None
    tokens: Mapping[str, str]
    began: float


class Aside:
    """The tiers as one process has them. Two of these are two processes, as far as they can know."""

    def __init__(self, unasked: float | None, memory: Memory | None = None, *, patience: float = PATIENCE) -> None:
        self._unasked, self._patience = unasked, patience
        self.memory = memory or Memory()
        self._flights: Flights[Found] = Flights()

    def answer(self, kind: str, key: str, make: Make) -> Found | None:
        """Return the answer that is kept, or what `make` makes, and keep that for others.

        None if nothing is kept here, if `make` made nothing that may be, or if a thread that was waited for failed.
        Costs no round trip to Redis within `unasked` seconds, one while the versions hold, and at most five to make it.
        Raises what `make` raises.
        """
        found = self._answer(kind, key, make)
        count(kind, found.result if found else "bypassed")
        return found

    def _answer(self, kind: str, key: str, make: Make) -> Found | None:
        if self._unasked is None or connection.in_atomic_block:
            return None
        if entry := self.memory.fresh(key, self._unasked):
            return Found(entry, "memory")
        found, is_own = self._flights.join(key, partial(self._fetch, kind, key, make))
        return found if is_own or found is None else Found(found.entry, "awaited")

    def _fetch(self, kind: str, key: str, make: Make) -> Found | None:
        """From Redis, or made."""
        if entry := self.memory.fresh(key, self._unasked or 0.0):
            return Found(entry, "memory")  # by the thread whose flight landed a moment ago
        seen = self._look(kind, key)
        if seen.entry and self.memory.wall() < seen.entry.fresh_until:
            self.memory.put(key, seen.entry, seen.began)
            return Found(seen.entry, "redis")
        return self._renew(kind, key, make, seen)

    def _renew(self, kind: str, key: str, make: Make, seen: Seen) -> Found | None:
        """One process makes it anew; the others have what there is, or wait, or help themselves."""
        is_ours = not is_away() and store().add(f"lock:{key}", b"1", LOCKED, version=FORM)
        try:
            if not is_ours and seen.entry:
                return Found(seen.entry, "stale")
            if not is_ours and not is_away() and (entry := self._wait(kind, key)):
                return Found(entry, "awaited")
            made = self._make(kind, key, make, seen)
            return Found(made, "away" if is_away() else "made") if made else None
        finally:
            if is_ours:
                store().delete(f"lock:{key}", version=FORM)

    def _look(self, kind: str, key: str) -> Seen:
        """Ask for the versions, and for the entry if there is none here or it is void."""
        began, held = self.memory.clock(), self.memory.known(key)
        names = held.names if held else self.memory.names(key) or KINDS[kind].names
        tokens, found = ask(names, *([] if held else [key]))
        if held is None or not _holds(held, tokens):
            value = ask((), key)[1].get(key) if held else found.get(key)
            held = read(value) if value else None
            tokens |= ask(held.names)[0] if held and not tokens.keys() >= set(held.names) else {}
        if is_away():  # then every version was "unmoved", which would be a guess
            return Seen(None, {}, began)
        is_good = held and _holds(held, tokens) and self.memory.wall() < held.kept_until
        return Seen(held if is_good else None, tokens, began)

    def _wait(self, kind: str, key: str) -> Entry | None:
        """Return what another process makes, if it does so soon."""
        for _ in range(int(self._patience / GLANCE)):
            sleep(GLANCE)
            if (entry := self._look(kind, key).entry) and self.memory.wall() < entry.fresh_until:
                return entry
        return None

    def _make(self, kind: str, key: str, make: Make, seen: Seen) -> Entry | None:
        """Have it made, and keep it if the versions of all that it shows were read before. Else it is known next time
        what to read: of a product's page only the page itself says which product it is.
        """
        made = make()
        if made is None:
            return None
        fresh, stays = lives(kind, is_known=made.status == 200)
        now = self.memory.wall()
        entry = kept(made, tuple(seen.tokens.get(name, "unknown") for name in made.names), now + fresh, now + stays)
        self.memory.learn(key, made.names)
        if seen.tokens.keys() >= set(made.names):
            store().set(key, written(entry), int(stays) + 1, version=FORM)
            self.memory.put(key, entry, seen.began)
        elif is_away():
            self.memory.put(key, entry, seen.began)
        return entry


def _holds(entry: Entry, tokens: Mapping[str, str]) -> bool:
    """Whether nothing that it shows has changed."""
    return all(tokens.get(name) == token for name, token in zip(entry.names, entry.tokens, strict=True))


#: The tiers of this process.
catalogue = Aside(UNASKED[settings.CATALOGUE_CACHE])
