"""How long each kind of answer lives, in one table, and what it is made of.

    fresh                          given to everybody
    ├──────────────────┤ stale     given once more to whoever comes while one renews it
                       ├────────┤  then forgotten

That is without a change. A change that is announced (`changes.py`) ends an answer at once; these times bound what is
announced to nobody: a row changed in psql, a reviewer's new name, an announcement that Redis was not there to hear.

Roadmap: caching/ttl
"""

from collections.abc import Callable
from random import random
from typing import NamedTuple


class Kind(NamedTuple):
    """Seconds, and the names of the versions that such an answer depends on before anything is known about it."""

    fresh: float
    stale: float
    names: tuple[str, ...]


#: Answers that were made together, as after a deploy, would all end together: each lives up to a fifth shorter.
JITTER = 0.2
KINDS = {
    "products": Kind(20, 10, ("products",)),
    # That nothing has this slug is true until something is added or listed; what has it names itself.
    "product": Kind(20, 10, ("assortment",)),
    "categories": Kind(120, 60, ("categories",)),
    "category": Kind(120, 60, ("categories",)),
}
#: Seconds for which an address stays unknown: short, since anybody can make up a million of them.
UNKNOWN = 10.0


def lives(kind: str, *, is_known: bool, luck: Callable[[], float] = random) -> tuple[float, float]:
    """Return for how long an answer made now is fresh, and until when it may be given once more."""
    fresh, stale, _ = KINDS[kind] if is_known else (UNKNOWN, 0.0, ())
    fresh *= 1 - JITTER * luck()
    return fresh, fresh + stale
