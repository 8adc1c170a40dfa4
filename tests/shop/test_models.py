"""The catalogue's tables: what they refuse, the tree, the search, and what buyers may see."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from shop.models import Category, Product
from tests.factories import CategoryFactory, ProductFactory, product

WALLS: list[tuple[str, dict[str, Any]]] = [
    ("price_is_not_negative", {"price": Decimal("-0.01")}),
    ("currency_has_two_decimals", {"currency": "eur"}),
    ("currency_has_two_decimals", {"currency": "JPY"}),
]


@pytest.mark.roadmap("databases/schema-design")
@pytest.mark.parametrize(("wall", "fields"), WALLS)
def test_product_table_refuses(db: None, wall: str, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=wall), transaction.atomic():
        ProductFactory(**fields)


@pytest.mark.roadmap("databases/keys")
@pytest.mark.parametrize("field", ["sku", "slug"])
def test_natural_keys_are_unique(db: None, field: str) -> None:
    first = ProductFactory()

    with pytest.raises(IntegrityError, match=field), transaction.atomic():
        ProductFactory(**{field: getattr(first, field)})


@pytest.mark.roadmap("databases/keys")
def test_product_that_was_ever_stocked_cannot_be_deleted(db: None) -> None:
    desk = product(stocked=1)

    with pytest.raises(ProtectedError):
        desk.delete()
    with pytest.raises(ProtectedError):
        desk.category.delete()


def test_category_cannot_stand_in_itself(db: None) -> None:
    shelf = CategoryFactory()
    shelf.parent = shelf

    with pytest.raises(IntegrityError, match="category_is_not_its_own_parent"), transaction.atomic():
        shelf.save()


def test_category_includes_everything_under_it(db: None) -> None:
    root, other = CategoryFactory(slug="furniture"), CategoryFactory(slug="lamps")
    desks = CategoryFactory(slug="desks", parent=root)
    standing = CategoryFactory(slug="standing", parent=desks)

    assert Category.objects.at_or_below("furniture") == [root.pk, desks.pk, standing.pk]
    assert Category.objects.at_or_below("standing") == [standing.pk]
    assert Category.objects.at_or_below("lamps") == [other.pk]
    assert Category.objects.at_or_below("unknown") == []


def test_ring_of_categories_does_not_hang_the_reader(db: None) -> None:
    first = CategoryFactory(slug="first")
    second = CategoryFactory(slug="second", parent=first)
    Category.objects.filter(pk=first.pk).update(parent=second)

    assert set(Category.objects.at_or_below("first")) == {first.pk, second.pk}


def test_only_listed_products_are_for_buyers(db: None) -> None:
    shown, hidden = ProductFactory(), ProductFactory(is_listed=False)

    assert list(Product.objects.listed()) == [shown]
    assert hidden in Product.objects.all()


@pytest.mark.breaks_the_books
def test_in_stock_means_that_one_unit_is_not_promised(db: None) -> None:
    free, promised = product(stocked=1), product(stocked=1)
    product(stocked=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_stock SET reserved = 1 WHERE product_id = %s", [promised.pk])

    assert list(Product.objects.in_stock()) == [free]


SEARCHES = [
    ("desk", {"Walnut desk", "Desks and how to build them"}),
    ("building", {"Desks and how to build them"}),
    ('"walnut desk"', {"Walnut desk"}),
    ("desk -walnut", {"Desks and how to build them"}),
    ("lamp or walnut", {"Walnut desk", "Brass lamp"}),
    ("spaceship", set()),
    ("the", set()),
    ("' OR 1=1; DROP TABLE shop_product; --", set()),
]


@pytest.mark.roadmap("security/sql-injection")
@pytest.mark.parametrize(("words", "names"), SEARCHES)
def test_search_understands_words(db: None, words: str, names: set[str]) -> None:
    for name in ("Walnut desk", "Desks and how to build them", "Brass lamp"):
        ProductFactory(name=name)

    assert {found.name for found in Product.objects.matching(words)} == names
    assert Product.objects.count() == 3


@pytest.mark.parametrize(
    ("made", "shown"), [(CategoryFactory, "Desks"), (ProductFactory, "DESK Desks")], ids=["category", "product"]
)
def test_rows_say_what_they_are(db: None, made: Any, shown: str) -> None:
    fields = {"sku": "DESK"} if made is ProductFactory else {}

    assert str(made(name="Desks", **fields)) == shown


def test_stock_and_ledger_say_what_they_are(db: None) -> None:
    desk = product(stocked=3)

    assert str(desk.stock) == f"{desk.pk}: 3 on hand, 0 reserved"
    assert str(desk.stock_entries.get()) == "received +3 (test)"
