"""The shelves of the shop: put up, changed, moved into one another, and taken down when they are empty.

    rooms ─┬─ desks ── standing-desks        move rooms below standing-desks: refused, nobody would find any of them
           └─ lamps

Whoever moves a shelf locks the whole tree, which is small: two moves at once, each of them sound, could make a ring.

Refuses: a slug that is taken (NameTaken), a parent that does not exist (UnknownCategory) or stands below
(CategoryInItself), taking down what holds something (CategoryNotEmpty), and a write over what somebody else has changed
meanwhile (ChangedMeanwhile).

Roadmap: databases/acid
"""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from accounts.preconditions.versions import Expected, require
from shop.cache.changes import shelves_changed
from shop.errors import CategoryInItself, CategoryNotEmpty, UnknownCategory
from shop.models import Category
from shop.names import unique


@transaction.atomic
def add(*, parent: str | None, **fields: Any) -> Category:
    """Put up a category, in another one or by itself."""
    wanted = Category(parent=standing(parent) if parent else None, **fields)
    with unique("slug"):
        wanted.save(force_insert=True)
    shelves_changed()
    return wanted


@transaction.atomic
def change(slug: str, *, expected: Expected, **changes: Any) -> Category | None:
    """Set the named fields and no others; return None if there is no such category."""
    if "parent" in changes:
        lock_tree()
    category = Category.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if category is None:
        return None
    require(expected, category)
    if "parent" in changes:
        changes["parent"] = parent_for(category, changes["parent"])
    for name, value in changes.items():
        setattr(category, name, value)
    category.save(update_fields=changes)
    shelves_changed()
    return category


@transaction.atomic
def remove(slug: str, *, expected: Expected) -> Category | None:
    """Take an empty category down; return None if there is no such category."""
    category = Category.objects.select_for_update().filter(slug=slug).first()
    if category is None:
        return None
    require(expected, category)
    try:
        category.delete()
    except ProtectedError as held:
        raise CategoryNotEmpty from held
    shelves_changed()
    return category


def standing(slug: str) -> Category:
    """Return the category and keep it standing until the commit; raise UnknownCategory if there is none."""
    category = Category.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if category is None:
        raise UnknownCategory(slug)
    return category


def parent_for(category: Category, slug: str | None) -> Category | None:
    """Return the parent of this slug; raise CategoryInItself for the category itself and all that stands in it."""
    if slug is None:
        return None
    parent = standing(slug)
    if parent.pk in Category.objects.at_or_below(category.slug):
        raise CategoryInItself
    return parent


def lock_tree() -> None:
    """Let nobody else move a shelf until the commit. By id, so that two movers wait instead of deadlocking."""
    list(Category.objects.select_for_update(no_key=True).order_by("id").values_list("id"))
