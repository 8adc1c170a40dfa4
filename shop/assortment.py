"""What the shop sells: a product is added, changed and taken off the shelf, by whichever door its keeper comes.

    add ─► listed ─► change (price, words, category) ─► unlist ─► change: listed again

A product is never deleted: orders, carts and the ledger speak of it. Its SKU and slug are for ever, since labels in
the warehouse and links all over the world are.

Refuses: a SKU or slug that is taken (NameTaken), a category that does not exist (UnknownCategory), a change of what
somebody else has changed meanwhile (ChangedMeanwhile).

Roadmap: databases/acid
"""

from typing import Any

from django.db import transaction

from accounts.preconditions.versions import Expected, require
from shop.cache.changes import product_changed
from shop.categories import standing
from shop.models import Product
from shop.names import unique


@transaction.atomic
def add(*, category: str, **fields: Any) -> Product:
    """Add a product to a category, by its slug."""
    wanted = Product(category=standing(category), **fields)
    with unique("sku", "slug"):
        wanted.save(force_insert=True)
    product_changed(wanted.pk)
    return wanted


@transaction.atomic
def change(slug: str, *, expected: Expected, **changes: Any) -> Product | None:
    """Set the named fields and no others; return None if there is no such product. Locks the product's row.

    `expected` is asked under the lock: between a look before it and the write, another editor would fit.
    """
    product = Product.objects.select_for_update(no_key=True).defer("search_vector").filter(slug=slug).first()
    if product is None:
        return None
    require(expected, product)
    if "category" in changes:
        changes["category"] = standing(changes["category"])
    for name, value in changes.items():
        setattr(product, name, value)
    product.save(update_fields=[*changes, "updated_at"])
    product_changed(product.pk)
    return product


def unlist(slug: str, *, expected: Expected) -> Product | None:
    """Take it out of sight. What was bought of it stays, and carts that hold it are told."""
    return change(slug, expected=expected, is_listed=False)
