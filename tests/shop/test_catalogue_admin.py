"""The catalogue behind the counter: saved by the functions that the API calls, with the same refusals."""

import logging
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from shop import assortment, categories
from shop.models import Category, Product
from tests.factories import CategoryFactory, office_of, person, product

PRODUCT: dict[str, Any] = {
    "sku": "DESK-1", "slug": "ash-desk", "name": "Ash desk", "description": "Made of ash.", "price": "300.00",
    "currency": "EUR", "attributes": "{}", "is_listed": "on", "tax_class": "standard", "weight_g": "0",
}  # fmt: skip


@pytest.fixture
def office(db: None) -> Client:
    return office_of(person("carol", role="manager"))


def opened(office: Client, row: Model) -> tuple[str, dict[str, Any]]:
    """The page on which the row is changed, and what its form says before anybody types."""
    page = reverse(f"admin:shop_{row._meta.model_name}_change", args=[row.pk])
    form = office.get(page).context["adminform"].form
    said = {field.html_name: field.field.prepare_value(field.value()) for field in form}
    return page, {name: value for name, value in said.items() if value is not None}


def test_product_is_added_and_changed_and_keeps_its_names(office: Client) -> None:
    desks = CategoryFactory(slug="desks")
    form = PRODUCT | {"category": desks.pk}

    office.post(reverse("admin:shop_product_add"), form)
    added = Product.objects.get()
    page, shown = opened(office, added)
    office.post(page, shown | form | {"sku": "X", "slug": "x", "price": "250.00"})

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


@pytest.fixture
def counter(db: None) -> Client:
    """Where dave packs, who may not see what the one desk costs."""
    product(sku="D-1", slug="desk", name="Zebrawood desk", price="100.00", trade_price="80.00", cost="41.17")
    return office_of(person("dave", role="warehouse"))


@pytest.mark.roadmap("security/broken-access-control", "commerce/permission-based-visibility")
@pytest.mark.parametrize(("member", "amount"), [("cost", "41.17"), ("trade_price", "80.00")])
def test_packer_cannot_find_an_amount_out_by_asking_for_less_and_less(
    counter: Client, office: Client, member: str, amount: str
) -> None:
    asked = [f"{member}={amount}", f"{member}=1", f"{member}__gte={amount}", f"{member}__gt={amount}"]
    asked += [f"{member}__isnull=1", f"_facets=1&{member}__lte=1"]

    packers = {counter.get(f"/admin/shop/product/?{query}").status_code for query in asked}
    managers = ["Zebrawood" in office.get(f"/admin/shop/product/?{query}").content.decode() for query in asked]

    assert packers == {400}
    assert managers == [True, False, True, False, False, False]  # who may see it may narrow by it


@pytest.mark.roadmap("security/broken-access-control", "commerce/permission-based-visibility")
@pytest.mark.parametrize(
    "page",
    [
        "product/?stock__product__cost__gt=1",
        "product/?category__products__cost__gt=1",
        "category/?products__cost__gt=1",
        "stock/?product__cost__gt=1",
        "stockentry/?product__trade_price__gt=1",
        "reservation/?lines__product__cost__gt=1",
        "review/?product__cost__gt=1",
    ],
)
def test_nobody_reaches_an_amount_through_another_table(counter: Client, office: Client, page: str) -> None:
    assert {client.get(f"/admin/shop/{page}").status_code for client in (counter, office)} <= {400, 403}


def test_packer_cannot_order_or_search_by_an_amount(counter: Client) -> None:
    product(sku="D-2", slug="lamp", name="Zebrawood lamp", trade_price="1.00", cost="1.00")

    def told(query: str) -> list[str]:
        return [row.sku for row in counter.get(f"/admin/shop/product/?{query}").context["cl"].result_list]

    assert told("o=cost") == told("o=-cost") == told("o=99") == told("") != []
    assert told("q=41.17") == []


def test_refused_question_is_no_fault_of_ours(counter: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        counter.get("/admin/shop/product/?cost__gte=40")

    assert [(line.levelname, line.message) for line in caplog.records if line.levelno > logging.INFO] == []
    assert [line.__dict__["status"] for line in caplog.records if line.name == "shop.request"] == [400]


@pytest.mark.roadmap("databases/acid")
def test_form_that_was_open_while_somebody_set_another_price_puts_no_old_one_back(office: Client) -> None:
    desk = product(slug="ash-desk", price=300, trade_price=250, cost=120)
    page, form = opened(office, desk)
    assert f'<input type="hidden" name="version" value="{form["version"]}"' in office.get(page).content.decode()
    assortment.change("ash-desk", expected=None, price=330, trade_price=270, cost=140)

    answer = office.post(page, form | {"description": "Made of ash, oiled."})

    desk.refresh_from_db()
    assert (desk.price, desk.trade_price, desk.cost) == (330, 270, 140)
    assert b"It was changed after you read it" in answer.content
    page, form = opened(office, desk)
    assert office.post(page, form | {"description": "Made of ash, oiled."}).status_code == 302
    desk.refresh_from_db()
    assert (desk.price, desk.description) == (330, "Made of ash, oiled.")


@pytest.mark.parametrize("version", [None, "", "0f3c", "\x00"])
def test_form_that_does_not_say_what_it_was_made_of_is_not_saved(office: Client, version: str | None) -> None:
    page, form = opened(office, product(price=300))
    said = {} if version is None else {"version": version}
    del form["version"]

    answer = office.post(page, form | said | {"price": "1.00"})

    assert b"It was changed after you read it" in answer.content
    assert Product.objects.get().price == 300


def test_category_that_somebody_renamed_meanwhile_keeps_the_new_name(office: Client) -> None:
    page, form = opened(office, CategoryFactory(slug="desks"))
    categories.change("desks", expected=None, name="Tables")

    answer = office.post(page, form | {"position": "7"})

    assert b"It was changed after you read it" in answer.content
    assert Category.objects.get().name == "Tables"
    page, form = opened(office, Category.objects.get())
    office.post(page, form | {"position": "7"})
    assert (Category.objects.get().name, Category.objects.get().position) == ("Tables", 7)


def test_version_is_hidden_from_who_only_looks(db: None) -> None:
    desk = product()

    page = office_of(person("dave", role="warehouse")).get(reverse("admin:shop_product_change", args=[desk.pk]))

    assert page.status_code == 200
    assert b"ersion" not in page.content
