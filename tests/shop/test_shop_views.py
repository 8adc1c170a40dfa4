"""Browsing over HTTP: filters, ordering, pages, what is hidden, and parameters that nobody should send."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from shop.models import Product
from tests.answers import assert_problem
from tests.factories import CategoryFactory, ProductFactory, product

URL = "/api/v1/products/"


@pytest.fixture
def guest(db: None, api: Callable[[Any], APIClient]) -> APIClient:
    return api(None)


def names(client: APIClient, **parameters: Any) -> list[str]:
    response = client.get(URL, parameters)
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


@pytest.fixture
def shop(db: None) -> None:
    """Three shelves, one inside another, and four products, one of them hidden and one sold out."""
    rooms = CategoryFactory(slug="rooms")
    desks, lamps = CategoryFactory(slug="desks", parent=rooms), CategoryFactory(slug="lamps")
    product(name="Ash desk", category=desks, price=Decimal("300.00"))
    product(name="Brass lamp", category=lamps, price=Decimal("80.00"))
    product(name="Cork desk", category=desks, price=Decimal("120.00"), stocked=0)
    product(name="Draft desk", category=desks, is_listed=False)


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["Ash desk", "Brass lamp", "Cork desk"]),
    ({"search": "desks"}, ["Ash desk", "Cork desk"]),
    ({"category": "rooms"}, ["Ash desk", "Cork desk"]),
    ({"category": "lamps"}, ["Brass lamp"]),
    ({"category": "nowhere"}, []),
    ({"min_price": "120"}, ["Ash desk", "Cork desk"]),
    ({"max_price": "120.00"}, ["Brass lamp", "Cork desk"]),
    ({"min_price": "100", "max_price": "200"}, ["Cork desk"]),
    ({"in_stock": "true"}, ["Ash desk", "Brass lamp"]),
    ({"in_stock": "false"}, ["Ash desk", "Brass lamp", "Cork desk"]),
    ({"search": "desk", "in_stock": "true", "max_price": "400"}, ["Ash desk"]),
    ({"max_price": ["100", "200"]}, ["Brass lamp", "Cork desk"]),
    ({"min_price": "", "in_stock": "", "ordering": "", "search": ""}, ["Ash desk", "Brass lamp", "Cork desk"]),
]


@pytest.mark.roadmap("api/consistent-endpoint-design")
@pytest.mark.parametrize(("parameters", "found"), FILTERS)
def test_each_parameter_narrows_the_list(shop: None, guest: APIClient, parameters: Any, found: list[str]) -> None:
    assert names(guest, **parameters) == found


ORDERINGS = [
    ("name", ["Ash desk", "Brass lamp", "Cork desk"]),
    ("-name", ["Cork desk", "Brass lamp", "Ash desk"]),
    ("price", ["Brass lamp", "Cork desk", "Ash desk"]),
    ("-price", ["Ash desk", "Cork desk", "Brass lamp"]),
    ("created_at", ["Ash desk", "Brass lamp", "Cork desk"]),
    ("-created_at", ["Cork desk", "Brass lamp", "Ash desk"]),
]


@pytest.mark.parametrize(("ordering", "order"), ORDERINGS)
def test_list_is_ordered_both_ways(shop: None, guest: APIClient, ordering: str, order: list[str]) -> None:
    for minutes, listed in enumerate(Product.objects.order_by("name")):
        Product.objects.filter(pk=listed.pk).update(created_at=f"2026-01-01T00:{minutes:02}:00Z")

    assert names(guest, ordering=ordering) == order


@pytest.mark.parametrize("ordering", ["name", "-name", "price", "-price", "created_at", "-created_at"])
def test_pages_skip_and_repeat_nothing_over_ties(guest: APIClient, ordering: str) -> None:
    made = {ProductFactory(name="Twin", price=Decimal("5.00"), created_at="2026-01-01T00:00:00Z").sku for _ in range(9)}
    seen: list[str] = []
    url: str | None = f"{URL}?page_size=2&ordering={ordering}"

    while url:
        page = guest.get(url).json()
        seen += [row["sku"] for row in page["results"]]
        url = page["next"]

    assert len(seen) == 9
    assert set(seen) == made


def test_deep_page_costs_no_offset(guest: APIClient) -> None:
    ProductFactory.create_batch(5, price=Decimal("5.00"))
    url = guest.get(URL, {"page_size": 2, "ordering": "price"}).json()["next"]

    with CaptureQueriesContext(connection) as captured:
        guest.get(url)

    assert not [query for query in captured if "OFFSET" in query["sql"] or "COUNT(" in query["sql"]]


def test_pages_lead_back(guest: APIClient) -> None:
    ProductFactory.create_batch(5)
    first = guest.get(URL, {"page_size": 2}).json()

    second = guest.get(first["next"]).json()

    assert guest.get(second["previous"]).json()["results"] == first["results"]
    assert first["previous"] is None


def cursor(*place: object) -> str:
    return urlsafe_b64encode(json.dumps(place).encode()).decode()


HOSTILE: list[dict[str, str]] = [
    {"search": "desk\x00"},
    {"category": "\x00"},
    {"search": "x" * 201},
    {"min_price": "NaN"},
    {"min_price": "Infinity"},
    {"max_price": "-Infinity"},
    {"max_price": "1e400"},
    {"min_price": "9" * 60},
    {"min_price": "1e-20000"},
    {"max_price": "1." + "9" * 20_000},
    {"min_price": "cheap"},
    {"max_price": "-1"},
    {"in_stock": "maybe"},
    {"ordering": "sku"},
    {"ordering": "name,price"},
    {"page_size": "0"},
    {"page_size": "101"},
    {"page_size": "²"},
    {"cursor": "x"},
    {"cursor": "é"},
    {"cursor": cursor(False, "a\x00b", "1")},
    {"cursor": cursor(False, "a", "9" * 30)},
    {"cursor": cursor(False, "\ud800", "1")},
    {"cursor": cursor(False, "a", "\ud800")},
    {"cursor": cursor(False, "a", 1)},
    {"cursor": cursor(False, "a")},
]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize("parameters", HOSTILE)
def test_hostile_parameter_is_refused_by_name(guest: APIClient, parameters: dict[str, str]) -> None:
    problem = assert_problem(guest.get(URL, parameters), 400, "validation-failed")

    assert problem["errors"][0]["pointer"] == f"#/{next(iter(parameters))}"


def test_price_may_be_any_number_that_a_program_sends(guest: APIClient) -> None:
    assert guest.get(URL, {"min_price": "5e-324", "max_price": "12.345678901234567"}).status_code == 200


BAD_PLACES = [("price", "NaN"), ("price", "1e99"), ("price", "x"), ("created_at", "2026-01-01"), ("created_at", "")]


@pytest.mark.parametrize(("ordering", "value"), BAD_PLACES)
def test_cursor_of_another_list_is_refused(guest: APIClient, ordering: str, value: str) -> None:
    response = guest.get(URL, {"ordering": ordering, "cursor": cursor(False, value, "1")})

    assert_problem(response, 400, "validation-failed")


@pytest.mark.roadmap("security/sql-injection")
@pytest.mark.parametrize("name", ["search", "category", "ordering", "min_price", "cursor", "page_size"])
@pytest.mark.parametrize("payload", ["'; DROP TABLE shop_product; --", "1) OR 1=1 --", "x' UNION SELECT password --"])
def test_sql_in_a_parameter_is_only_text(shop: None, guest: APIClient, name: str, payload: str) -> None:
    response = guest.get(URL, {name: payload})

    assert response.status_code in {200, 400, 404}
    assert b"password" not in response.content or response.status_code != 200
    assert Product.objects.count() == 4


def test_product_page_shows_what_a_list_row_leaves_out(guest: APIClient) -> None:
    desk = product(stocked=3, slug="desk", attributes={"colour": "green"})

    shown = guest.get(f"{URL}desk/").json()

    assert (shown["sku"], shown["price"], shown["available"]) == (desk.sku, "12.80", 3)
    assert (shown["attributes"], shown["description"]) == ({"colour": "green"}, desk.description)


def test_unlisted_product_does_not_exist(guest: APIClient) -> None:
    ProductFactory(slug="draft", is_listed=False)

    assert_problem(guest.get(f"{URL}draft/"), 404, "not-found")
    assert_problem(guest.get(f"{URL}unheard-of/"), 404, "not-found")


def test_categories_name_their_parent(shop: None, guest: APIClient) -> None:
    parents = {row["slug"]: row["parent"] for row in guest.get("/api/v1/categories/").json()}

    assert parents == {"rooms": None, "desks": "rooms", "lamps": None}


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize(("path", "most"), [("products/", 2), ("products/?category=shelf", 3), ("categories/", 1)])
def test_list_costs_the_same_whatever_its_length(guest: APIClient, rows: int, path: str, most: int) -> None:
    for _ in range(rows):
        product(category=CategoryFactory(parent=CategoryFactory()))

    with CaptureQueriesContext(connection) as captured:
        assert guest.get(f"/api/v1/{path}").status_code == 200

    assert len(captured) <= most


def test_product_page_costs_one_query(guest: APIClient) -> None:
    product(slug="desk")

    with CaptureQueriesContext(connection) as captured:
        guest.get(f"{URL}desk/")

    assert len(captured) == 1  # the product, with its pictures


CUSTOMER, BUSINESS = User(), User(is_business=True)
PLANS = [
    (CUSTOMER, "own_price", "listed_by_price"), (BUSINESS, "own_price", "listed_by_trade_price"),
    (CUSTOMER, "name", "listed_by_name"), (CUSTOMER, "created_at", "listed_by_age"),
]  # fmt: skip


@pytest.mark.roadmap("databases/indexes", "databases/index-strategy")
@pytest.mark.parametrize(("buyer", "ordering", "index"), PLANS)
def test_each_ordering_is_served_by_its_index(db: None, buyer: User, ordering: str, index: str) -> None:
    ProductFactory.create_batch(50)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; ANALYZE shop_product")

    products = Product.objects.listed().priced_for(buyer).filter(own_price__gte=1)
    plan = products.order_by(ordering, "id")[:24].explain()

    assert index in plan


@pytest.mark.roadmap("api/consistent-endpoint-design")
@pytest.mark.parametrize("path", ["products/", "orders/", "categories/", "products/walnut-desk/", "orders/X/"])
def test_parameter_that_nobody_reads_is_refused(carol: User, api: Callable[..., APIClient], path: str) -> None:
    product(slug="walnut-desk")
    answer = api(carol).get(f"/api/v1/{path}", {"max_prize": "10", "a/b": ""})

    if path == "orders/X/":
        assert_problem(answer, 404, "not-found")  # nothing is there to be narrowed
        return
    problem = assert_problem(answer, 400, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == ["#/a~1b", "#/max_prize"]


@pytest.mark.roadmap("api/consistent-endpoint-design")
def test_link_header_names_the_pages_beside_this_one(guest: APIClient, shop: None) -> None:
    first = guest.get(URL, {"page_size": 2})
    second = guest.get(first.json()["next"])

    assert first["Link"].startswith(f'<{first.json()["next"]}>; rel="next"')
    assert second["Link"].startswith(f'<{second.json()["previous"]}>; rel="prev"')
    assert not re.search("next|prev", guest.get(URL)["Link"])
