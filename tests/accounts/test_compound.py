"""Compound answers: a part is what its own address shows, to nobody else than there, and costs one query."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.representations import compound
from accounts.security_events import NOWHERE
from shop import reviews
from shop.models import Product
from tests.answers import assert_problem
from tests.config.test_query_counts import MANY, Fill
from tests.factories import person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
ORDERS, DESK = "/api/v1/orders/", "/api/v1/products/desk/"


@pytest.fixture
def desk() -> Product:
    return product(slug="desk")


def program(user: User, *scopes: str) -> APIClient:
    """What holds an API key of somebody's."""
    made = api_keys.make(user, name="script", scopes=list(scopes), networks=[], lasts=timedelta(days=1), origin=NOWHERE)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {made.key}")
    return client


@pytest.mark.roadmap("api/consistent-endpoint-design")
def test_list_of_orders_brings_what_each_order_would_show(alice: User, gateway: FakeGateway, api: Api) -> None:
    numbers = [ordered(alice, gateway, key=key).number for key in "ab"]
    client = api(alice)

    shown = client.get(ORDERS, {"include": "lines,payment"}).json()["results"]

    for number, row in zip(reversed(numbers), shown, strict=True):
        order = client.get(f"{ORDERS}{number}/").json()
        assert (row["lines"], row["payment"]) == (order["lines"], order["payment"])
    assert all({"lines", "payment"}.isdisjoint(row) for row in client.get(ORDERS).json()["results"])


def test_parts_come_beside_the_members_that_are_wanted(alice: User, gateway: FakeGateway, api: Api) -> None:
    ordered(alice, gateway)

    [row] = api(alice).get(ORDERS, {"fields": "number", "include": "payment"}).json()["results"]

    assert row.keys() == {"number", "payment"}


@pytest.mark.roadmap("api/consistent-endpoint-design")
def test_product_brings_the_newest_of_its_reviews(desk: Product, api: Api) -> None:
    Fill(person("alice"), desk, 12).reviews()
    reviews.hide(desk.reviews.order_by("-created_at", "-id")[0])
    listed = api().get(f"{DESK}reviews/").json()["results"]

    assert len(listed) == 11
    assert api().get(DESK, {"include": "reviews"}).json()["reviews"] == listed[:10]


def test_shelf_is_the_one_that_its_own_address_shows(desk: Product, carol: User, api: Api) -> None:
    client, lamp = api(carol), f"/api/v1/products/{product(slug='lamp', stocked=0).slug}/"

    for path in (DESK, lamp):  # nothing was ever delivered of the lamp
        assert client.get(path, {"include": "stock"}).json()["stock"] == client.get(f"{path}stock/").json()


COSTS = [
    (ORDERS, "payment", Fill.orders, 1 + 1), (ORDERS, "lines", Fill.orders, 1 + 2),
    (ORDERS, "lines,payment", Fill.orders, 1 + 2), (DESK, "reviews", Fill.reviews, 1 + 3),
]  # fmt: skip


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize(("path", "parts", "fill", "queries"), COSTS)
def test_part_costs_the_same_for_one_row_and_for_many(
    alice: User, desk: Product, api: Api, path: str, parts: str, fill: Any, queries: int, count: int
) -> None:
    fill(Fill(alice, desk, count))
    client = api(alice)
    client.get(path)

    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, {"include": parts}).status_code == 200

    # Of orders: who asks, the page, the lines; of a product: who asks, its row, its pictures, its reviews.
    assert len(captured) == queries, [query["sql"] for query in captured]


@pytest.mark.roadmap("security/broken-access-control")
def test_part_is_refused_as_its_own_address_refuses(desk: Product, alice: User, carol: User, api: Api) -> None:
    callers = {
        "not-authenticated": api(), "not-allowed": api(alice), "insufficient-scope": program(carol, "catalog:read"),
    }  # fmt: skip

    for slug, client in callers.items():
        status = 401 if slug == "not-authenticated" else 403
        assert_problem(client.get(f"{DESK}stock/"), status, slug)
        assert_problem(client.get(DESK, {"include": "stock"}), status, slug)
        assert_problem(client.get(DESK, {"include": "reviews,stock"}), status, slug)
        assert client.get(DESK).status_code == 200
    assert program(carol, "catalog:read", "stock:read").get(DESK, {"include": "stock"}).json()["stock"]["on_hand"] == 10


def test_part_that_asked_nobody_would_be_seen(desk: Product, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compound, "require_admitted", lambda route, request: None)

    assert "on_hand" in api().get(DESK, {"include": "stock"}).json()["stock"]


@pytest.mark.roadmap("security/broken-access-control")
def test_reviews_of_what_is_not_for_sale_stay_where_they_are(desk: Product, carol: User, api: Api) -> None:
    Fill(person("alice"), desk, 2).reviews()
    Product.objects.update(is_listed=False)
    client = api(carol, "pwd", "otp")

    assert_problem(client.get(f"{DESK}reviews/"), 404, "not-found")
    assert client.get(DESK, {"include": "reviews"}).json()["reviews"] == []


@pytest.mark.parametrize("part", ["events", "stock,prices", "category", "lines"])
def test_part_that_is_not_there_is_refused_with_those_that_are(desk: Product, api: Api, part: str) -> None:
    [wrong] = assert_problem(api().get(DESK, {"include": part}), 400, "validation-failed")["errors"]

    assert wrong["pointer"] == "#/include"
    assert wrong["detail"].endswith("There are: reviews, stock.")


def test_list_without_parts_knows_no_include(desk: Product, api: Api) -> None:
    [wrong] = assert_problem(api().get("/api/v1/products/", {"include": "stock"}), 400, "validation-failed")["errors"]

    assert wrong == {"pointer": "#/include", "detail": "There is no such parameter."}
