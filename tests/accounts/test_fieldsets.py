"""Sparse fieldsets: each member of each row can be had alone, what is not shown is not read, and no tag is mistaken."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from shop.models import Product
from tests.answers import assert_problem
from tests.config.test_query_counts import COUNTS, FOR_GUESTS, FOR_STAFF, ROUTES, Fill, path_of
from tests.factories import person, product
from tests.test_openapi import OPERATIONS

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("api/consistent-endpoint-design")]
Api = Callable[..., APIClient]
PRODUCTS, DESK = "/api/v1/products/", "/api/v1/products/desk/"
#: Nothing but links, and a document of many shapes.
WHOLE = {"root", "export"}
SPARSE = sorted(COUNTS.keys() - WHOLE)


@pytest.fixture
def keeper(api: Api) -> APIClient:
    """Runs the shop, and has shown a second factor."""
    product(slug="desk")
    return api(person("carol", role="manager"), "pwd", "otp")


def rows(answer: Any) -> list[dict[str, Any]]:
    """What is shown, be it one row, a list or a page of them."""
    assert answer.status_code == 200, answer.content
    shown = answer.json()
    return shown if isinstance(shown, list) else shown.get("results", [shown])


def queries(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        rows(client.get(path))
    return len(captured)


OF_V1: Any = SimpleNamespace(version="v1", user=AnonymousUser(), auth=None)


@pytest.mark.parametrize("name", SPARSE)
def test_each_member_can_be_had_alone_and_costs_no_query_more(alice: User, api: Api, name: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=name in FOR_STAFF, is_superuser=name in FOR_STAFF)
    fill, client = Fill(alice, product(), 2), api(None if name in FOR_GUESTS else alice)
    COUNTS[name].fill(fill)
    path = path_of(name, fill)
    whole = rows(client.get(path))

    for member in ROUTES[name].callback.cls(request=OF_V1).members():
        alone = rows(client.get(path, {"fields": member}))
        assert alone == [{member: row[member]} for row in whole]
        assert queries(client, f"{path}?fields={member}") <= COUNTS[name].queries


@pytest.mark.roadmap("api/openapi-documentation")
def test_document_offers_it_wherever_there_are_rows() -> None:
    offered = {
        name: parameter
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "fields"
    }

    assert len(offered) == len(SPARSE)
    assert all(name.startswith("GET ") for name in offered)
    desk = offered["GET /api/v1/products/{slug}/"]
    assert (desk["style"], desk["explode"], desk["schema"]["type"]) == ("form", False, "array")
    assert {"sku", "attributes"} < set(desk["schema"]["items"]["enum"])
    assert "stock" not in desk["schema"]["items"]["enum"]  # that comes by `include`


SAVED = [
    ("products", Fill.products, "sku", 1), ("product", Fill.pictures, "sku,price", 1),
    ("order", Fill.orders, "number", 2),
    ("order", Fill.orders, "lines", 3), ("order", Fill.orders, "number,refunds,events", 4),
]  # fmt: skip


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize(("name", "fill", "fields", "expected"), SAVED)
def test_what_is_not_shown_is_not_read(alice: User, api: Api, name: str, fill: Any, fields: str, expected: int) -> None:
    there, client = Fill(alice, product(), 3), api(None if name in FOR_GUESTS else alice)
    fill(there)
    path = path_of(name, there)
    client.get(path)

    assert queries(client, f"{path}?fields={fields}") == expected


REFUSED = [
    (PRODUCTS, "sku,prize"), (DESK, "prize"), ("/api/v1/categories/", "prize"), ("/api/v1/cart/", "total,prize"),
    (PRODUCTS, "images.url"), (PRODUCTS, "prize,"), (DESK, "stock"), (PRODUCTS, "*"), (PRODUCTS, "-price"),
]  # fmt: skip


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("path", "fields"), REFUSED)
def test_member_that_is_not_there_is_refused_with_those_that_are(keeper: APIClient, path: str, fields: str) -> None:
    [wrong] = assert_problem(keeper.get(path, {"fields": fields}), 400, "validation-failed")["errors"]

    assert wrong["pointer"] == "#/fields"
    told, known = wrong["detail"].split(". There are: ")
    assert fields.rpartition(",")[2] in told
    assert "_links" in known or path.endswith("categories/")


def test_refusal_repeats_little_of_what_was_sent(keeper: APIClient) -> None:
    names = ",".join(f"{number:0200}" for number in range(30)) + ",a\x00b"

    assert len(keeper.get(PRODUCTS, {"fields": names}).content) < 1_500


@pytest.mark.parametrize("asked", ["fields=price,sku", "fields=sku&fields=price", "fields=sku,sku,price"])
def test_names_may_come_in_any_order_and_one_by_one(keeper: APIClient, asked: str) -> None:
    assert [list(row) for row in rows(keeper.get(f"{PRODUCTS}?{asked}"))] == [["sku", "price"]]


def test_empty_wish_is_none(keeper: APIClient) -> None:
    assert keeper.get(f"{DESK}?fields=").json() == keeper.get(DESK).json()


def test_next_page_shows_the_same_members(keeper: APIClient) -> None:
    product(slug="chair")
    first = keeper.get(PRODUCTS, {"fields": "slug", "page_size": 1, "ordering": "created_at"}).json()

    assert first["results"] + rows(keeper.get(first["next"])) == [{"slug": "desk"}, {"slug": "chair"}]


def test_table_has_the_columns_that_were_asked_for(keeper: APIClient) -> None:
    table = keeper.get(PRODUCTS, {"fields": "price,sku,images"}, headers={"Accept": "text/csv"})

    assert table.content.decode().splitlines() == ["sku,price", f"{Product.objects.get().sku},12.80"]
    refused = keeper.get(PRODUCTS, {"fields": "prize"}, headers={"Accept": "text/csv"})
    assert_problem(refused, 400, "validation-failed")


FORMS = ["", "?fields=sku", "?fields=sku,price", "?fields=name", "?include=stock", "?fields=sku&include=stock"]


@pytest.mark.roadmap("api/http-methods", "api/http-status-codes")
def test_tag_of_one_form_is_no_304_for_another(keeper: APIClient) -> None:
    tags = {form: keeper.get(f"{DESK}{form}")["ETag"] for form in FORMS}

    assert len(set(tags.values())) == len(FORMS)
    for form in FORMS:
        answers = {sent: keeper.get(f"{DESK}{form}", headers={"If-None-Match": tag}) for sent, tag in tags.items()}
        assert {sent for sent, answer in answers.items() if answer.status_code == 304} == {form}


def test_who_has_read_a_part_may_write_over_the_row(keeper: APIClient) -> None:
    seen = {"If-Match": keeper.get(f"{DESK}?fields=name")["ETag"]}

    written = keeper.patch(DESK, {"name": "Table"}, format="json", headers=seen)

    assert (written.status_code, written.json()["name"]) == (200, "Table")
    late = keeper.patch(DESK, {"name": "Desk"}, format="json", headers=seen)
    assert_problem(late, 412, "changed-meanwhile")


def test_write_answers_with_everything(keeper: APIClient) -> None:
    seen = {"If-Match": "*"}
    written = keeper.patch(f"{DESK}?fields=sku&include=stock", {"name": "Table"}, format="json", headers=seen)

    assert written.json().keys() == keeper.get(DESK).json().keys()


@pytest.mark.roadmap("api/versioning")
def test_both_versions_choose_alike(keeper: APIClient) -> None:
    asked = {"fields": "price", "include": "stock"}
    old, new = (keeper.get(f"/api/{version}/products/desk/", asked).json() for version in ("v1", "v2"))

    assert (old["price"], new["price"]) == ("12.80", {"amount": 1280, "currency": "EUR"})
    assert old["stock"] == new["stock"]
    assert old.keys() == new.keys() == {"price", "stock"}
    written = keeper.patch(
        "/api/v2/products/desk/", {"name": "Table"}, format="json",
        headers={"If-Match": "*", "Prefer": "return=minimal"},
    )  # fmt: skip
    assert (written.status_code, written.content) == (204, b"")
