"""What writers say when something has changed that the catalogue shows: which answers are void once it is committed.

    event                said by                             void
    product_changed      assortment, images, reviews         every list, its page, what was not found
    stock_changed        stock                               every list, the pages of these products
    shelves_changed      categories, seed                    every list, the categories, what was not found

After the commit, never before: a reader in between would keep the old row under the new version. A transaction that is
rolled back says nothing. Between commit and event lies the time of one round trip to Redis; a process that is killed
there, or a Redis that is away, leaves what `kinds.py` bounds.

Units that are sold (`shop.stock.commit`) change nothing that is shown: they left what can be bought when they were
promised.

Roadmap: caching/event-based-invalidation
"""

from collections.abc import Iterable
from functools import partial

from django.db import transaction

from shop.cache import versions
from shop.cache.aside import catalogue

LISTS, CATEGORIES, ASSORTMENT = "products", "categories", "assortment"


def page_of(product_id: int) -> str:
    """Return the name of the version that a product's page depends on."""
    return f"product:{product_id}"


def product_changed(product_id: int) -> None:
    """It was added, or its words, price, pictures or reviews are others."""
    _announce({LISTS, ASSORTMENT, page_of(product_id)})


def stock_changed(product_ids: Iterable[int]) -> None:
    """More of these can be bought, or fewer."""
    _announce({LISTS, *map(page_of, product_ids)})


def shelves_changed() -> None:
    """A category is another, or elsewhere; or products came in by the thousand."""
    _announce({LISTS, CATEGORIES, ASSORTMENT})


def _announce(names: Iterable[str]) -> None:
    # robust: what is committed is done, and no fault of the cache may look like one of the purchase
    transaction.on_commit(partial(_move, frozenset(names)), robust=True)


def _move(names: frozenset[str]) -> None:
    versions.move(names)
    catalogue.memory.changed(names)
