"""How much anybody may ask, in one table: a bucket for everything that a caller asks, and one for what is dear.

    person     600 in 60 s     a bucket of 600 requests; an empty one is full again after 60 seconds, ten each second

Each request takes one from the bucket of its kind of caller; what a view names in `buckets` takes from that, too.
Logins and letters have counts of their own, by failures and by mailbox (`accounts/lockout.py`).

Read by the settings: nothing of Django may be imported here.

Roadmap: api/rate-limiting, workflow/configuration-management
"""

import re
from typing import NamedTuple


class Limit(NamedTuple):
    """A bucket that holds `quota` and fills from empty to full in `window` seconds."""

    quota: int
    window: int


#: The first four are chosen by who asks, the others by what is asked.
TABLE = {
    "address": Limit(1200, 60),  # a guest's; a school or an office has one address for all
    "person": Limit(600, 60),
    "key": Limit(120, 60),
    "program": Limit(3000, 60),  # all people together that it acts for; the dear ones count each of them apart
    "search": Limit(120, 60),  # ranks rows by their words
    "checkout": Limit(60, 60),  # locks stock, and asks the payment provider
    "export": Limit(20, 3600),  # reads all that there is about a person
    "import": Limit(60, 3600),  # writes some thousand rows, and keeps a worker busy
    "report": Limit(60, 60),  # of a browser, about a page; each is a line in the log
    "graphql": Limit(30_000, 60),  # the cost of the documents, see `config/graphql/limits.py`
}
WISH = re.compile(r"(\*|[a-z]+)=([1-9]\d{0,8})/([1-9]\d{0,5})")


def chosen(wishes: str) -> dict[str, Limit]:
    """Return the table with the wishes of RATE_LIMITS: `search=30/60 key=1000/60`, `*=…` for all that is not named.

    Raises ValueError naming a wish that cannot be read, or that is about a bucket which does not exist.
    """
    wished: dict[str, Limit] = {}
    for wish in wishes.split():
        parts = WISH.fullmatch(wish)
        if parts is None or parts[1] not in {*TABLE, "*"}:
            raise ValueError(f"RATE_LIMITS: {wish!r} is not name=quota/seconds, name being * or {', '.join(TABLE)}.")
        wished[parts[1]] = Limit(int(parts[2]), int(parts[3]))
    return {name: wished.get(name, wished.get("*", usual)) for name, usual in TABLE.items()}
