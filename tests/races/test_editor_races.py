"""Two editors who read the same version: the second one is told, whatever the moment; two movers make no ring."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.errors import ChangedMeanwhile
from shop import assortment, categories
from shop.errors import CategoryInItself, CategoryNotEmpty, UnknownCategory
from shop.models import Category, Product
from tests.factories import CategoryFactory, person, product
from tests.races import walls
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)
DESK = "/api/v1/products/desk/"


def edit_at_once(api: Callable[..., APIClient]) -> list[int]:
    """Two managers have read one desk; both write at once. Returns the statuses."""
    desk = product(slug="desk")
    clients = [api(person(name, role="manager"), "pwd", "otp") for name in ("carol", "eve")]
    seen = {"If-Match": clients[0].get(DESK)["ETag"]}
    bodies: list[dict[str, Any]] = [{"price": "9.00"}, {"price": "8.00"}]
    writes = [
        partial(c.patch, DESK, body, format="json", headers=seen) for c, body in zip(clients, bodies, strict=True)
    ]
    return [answer.status_code for answer in queued([desk], *writes)]


@pytest.mark.roadmap("databases/acid")
def test_second_editor_of_one_version_is_told(api: Callable[..., APIClient]) -> None:
    assert edit_at_once(api) == [200, 412]
    assert Product.objects.get().price == 9


def test_without_the_row_lock_one_of_the_two_is_lost(
    api: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_row_locks(monkeypatch)

    assert edit_at_once(api) == [200, 200]


def move_into_each_other() -> list[Any]:
    """Desks into lamps and lamps into desks: each is sound, both are a ring."""
    desks, lamps = CategoryFactory(slug="desks"), CategoryFactory(slug="lamps")
    moves = [("desks", "lamps"), ("lamps", "desks")]
    actions = [partial(categories.change, shelf, expected=None, parent=into) for shelf, into in moves]
    return queued([desks, lamps], *actions)


@pytest.mark.roadmap("databases/acid")
def test_two_moves_at_once_make_no_ring(transactional_db: None) -> None:
    first, second = move_into_each_other()

    assert isinstance(first, Category)
    assert isinstance(second, CategoryInItself)
    assert Category.objects.filter(parent=None).count() == 1


def test_without_the_lock_of_the_tree_they_do(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_row_locks(monkeypatch)

    move_into_each_other()

    assert not Category.objects.filter(parent=None).exists()


def put_on_a_shelf_that_is_taken_down() -> list[Any]:
    desks = CategoryFactory(slug="desks")
    fields = {"sku": "DESK", "slug": "desk", "name": "Desk", "description": "Made of ash.", "price": 9}
    take_down = partial(categories.remove, "desks", expected=None)
    return queued([desks], take_down, partial(assortment.add, category="desks", **fields))


@pytest.mark.roadmap("databases/acid")
def test_product_does_not_stand_on_a_shelf_that_is_taken_down(transactional_db: None) -> None:
    removed, refused = put_on_a_shelf_that_is_taken_down()

    assert isinstance(removed, Category)
    assert isinstance(refused, UnknownCategory)


def test_shelf_is_not_taken_down_under_a_product(transactional_db: None) -> None:
    desks, desk = CategoryFactory(slug="desks"), product()
    change = partial(assortment.change, desk.slug, expected=None, category="desks")

    changed, refused = queued([desks], change, partial(categories.remove, "desks", expected=None))

    assert isinstance(changed, Product)
    assert isinstance(refused, CategoryNotEmpty)


def test_version_is_asked_once_the_lock_is_held(transactional_db: None) -> None:
    desk = product(slug="desk")

    def edit() -> None:
        with transaction.atomic():
            Product.objects.filter(pk=desk.pk).update(name="Table")

    _, refused = queued([desk], edit, partial(assortment.change, "desk", expected=frozenset({"0f3c"}), name="Desk"))

    assert isinstance(refused, ChangedMeanwhile)
