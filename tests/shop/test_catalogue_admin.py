"""The catalogue behind the counter: saved by the functions that the API calls, with the same refusals."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from shop.models import Category, Product
from tests.factories import CategoryFactory, office_of, person, product

PRODUCT: dict[str, Any] = {
    "sku": "DESK-1", "slug": "ash-desk", "name": "Ash desk", "description": "Made of ash.", "price": "300.00",
    "currency": "EUR", "attributes": "{}", "is_listed": "on", "tax_class": "standard", "weight_g": "0",
}  # fmt: skip


@pytest.fixture
def office(db: None) -> Client:
    return office_of(person("carol", role="manager"))


def test_product_is_added_and_changed_and_keeps_its_names(office: Client) -> None:
    desks = CategoryFactory(slug="desks")
    form = PRODUCT | {"category": desks.pk}

    office.post(reverse("admin:shop_product_add"), form)
    added = Product.objects.get()
    office.post(
        reverse("admin:shop_product_change", args=[added.pk]), form | {"sku": "X", "slug": "x", "price": "250.00"}
    )

    changed = Product.objects.get()
    assert (added.sku, added.price) == ("DESK-1", 300)
    assert (changed.sku, changed.slug, changed.price) == ("DESK-1", "ash-desk", 250)


def test_category_is_put_up_moved_and_not_moved_into_itself(office: Client) -> None:
    rooms = CategoryFactory(slug="rooms")
    form = {"name": "Desks", "slug": "desks", "parent": rooms.pk, "description": "", "position": 1}

    office.post(reverse("admin:shop_category_add"), form)
    desks = Category.objects.get(slug="desks")
    page = reverse("admin:shop_category_change", args=[rooms.pk])
    refusal = office.post(page, form | {"name": "Rooms", "parent": desks.pk})

    assert desks.parent == rooms
    assert b"A category cannot stand in itself" in refusal.content
    assert Category.objects.get(slug="rooms").parent is None


def test_category_that_holds_something_is_not_taken_down(office: Client) -> None:
    shelf = product().category

    office.post(reverse("admin:shop_category_delete", args=[shelf.pk]), {"post": "yes"})

    assert Category.objects.filter(pk=shelf.pk).exists()
