"""One sale of something rare, from the opening of the doors until the last mail is delivered.

Roadmap: testing/database-load-tests
"""

import time
from functools import partial
from typing import NamedTuple

from deploy.local.stack import Stack
from tests.races.aftermath import Tally, count, deadlocks, rest
from tests.races.crowd import buy_until_sold_out, crowd, rush, shelf

#: Overlapping and in opposite order, so that careless locking would have them wait for each other in a circle.
BASKETS = ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0], [0, 2], [1, 3, 0], [0, 3, 1])


class Sale(NamedTuple):
    """How it went, and how long the doors were open; `deadlocks` as PostgreSQL counted them."""

    tally: Tally
    deadlocks: int
    seconds: float


def sell_out(shop: Stack, *, products: int, units: int, clients: int, patience: float = 120) -> Sale:
    """Let clients buy until nothing is left of any product, wait for rest (at most `patience` seconds) and count."""
    skus, before = shelf(shop, products, units=units), deadlocks(shop)
    baskets = [[skus[place] for place in basket] for basket in BASKETS] if products > 1 else [skus]
    with crowd(shop, clients) as people:
        since = time.time()
        answers = rush(people, *(partial(buy_until_sold_out, basket=basket) for basket in baskets))
        seconds = time.time() - since
    rest(shop, seconds=patience)
    tally = count(shop, skus, [answer for own in answers for answer in own], since=since)
    return Sale(tally, deadlocks(shop) - before, seconds)


def assert_flawless(sale: Sale, *, units: int) -> None:
    """Exactly what was there is sold, charged and confirmed, everybody else hears why not, and nothing else happens."""
    tally = sale.tally
    assert (tally.failed, sale.deadlocks) == ({}, 0)
    assert (tally.sold, tally.left) == (units, (0, 0))
    assert tally.orders == tally.bought == tally.charged
    assert tally.mails == {1: tally.orders}
    assert tally.refused > 0
