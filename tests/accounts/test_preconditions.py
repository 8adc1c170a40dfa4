"""Versions: whatever changes a row makes another one, a 304 is never wrong, no write goes over what was not read."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from accounts.errors import ChangedMeanwhile, VersionNotNamed
from accounts.preconditions import versions
from accounts.preconditions.headers import Versioned
from shop import stock
from shop.models import Category, Product
from tests.answers import assert_problem
from tests.factories import CategoryFactory, person, product

DESK = "/api/v1/products/desk/"


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk")


@pytest.fixture
def keeper(desk: Product, api: Callable[..., APIClient]) -> APIClient:
    """Runs the shop, and has shown a second factor."""
    return api(person("carol", role="manager"), "pwd", "otp")


def view(method: str = "get", **headers: str) -> Versioned:
    """A view that was asked this."""
    asked = Versioned()
    asked.request = Request(getattr(APIRequestFactory(), method)("/", headers=headers))
    return asked


CHANGES: list[dict[str, Any]] = [
    {"name": "Other"},
    {"price": "12.81"},
    {"attributes": {"colour": "green"}},
    {"is_listed": False},
    {"updated_at": "2020-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_change_that_no_code_of_ours_made_makes_another_version(desk: Product, change: dict[str, Any]) -> None:
    before = versions.version_of(Product.objects.get())

    Product.objects.update(**change)

    assert versions.version_of(Product.objects.get()) != before


def test_row_that_was_changed_back_has_its_version_again(db: None) -> None:
    shelf = CategoryFactory(name="Desks")
    before = versions.version_of(shelf)

    for name in ("Tables", "Desks"):
        Category.objects.update(name=name)

    assert versions.version_of(Category.objects.get()) == before


def test_only_a_version_that_was_seen_may_be_written_over(desk: Product) -> None:
    versions.require(frozenset({"other", versions.version_of(desk)}), desk)
    versions.require(None, desk)

    for expected in (frozenset({"other"}), frozenset[str]()):
        with pytest.raises(ChangedMeanwhile):
            versions.require(expected, desk)


NAMED = [
    ('"0f3c-77ab"', frozenset({"0f3c"})),
    ('"0f3c-77ab-gzip"', frozenset({"0f3c"})),
    ('"0f3c-77ab" , "9a9a-1"', frozenset({"0f3c", "9a9a"})),
    ('W/"0f3c-77ab"', frozenset()),  # weak: it names no bytes that could be written over
    ("0f3c-77ab", frozenset()),  # a tag has quotes
    ("*", None),
]


@pytest.mark.parametrize(("header", "expected"), NAMED)
def test_if_match_names_versions(header: str, expected: versions.Expected) -> None:
    assert view(**{"If-Match": header}).expected() == expected


@pytest.mark.parametrize("headers", [{}, {"If-Match": " "}])
def test_write_that_names_no_version_is_told_to_read_first(headers: dict[str, str]) -> None:
    with pytest.raises(VersionNotNamed):
        view("patch", **headers).expected()


@pytest.mark.roadmap("api/http-methods", "api/http-status-codes")
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_caller_has_is_not_sent_again(keeper: APIClient, form: str) -> None:
    tag = keeper.get(DESK)["ETag"]

    for ask in (keeper.get, keeper.head):
        again = ask(DESK, headers={"If-None-Match": form.format(tag)})

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)


def test_delivery_makes_another_page_but_no_other_version(keeper: APIClient, desk: Product) -> None:
    tag = keeper.get(DESK)["ETag"]
    stock.receive(product_id=desk.pk, quantity=1, reference="note 7")

    assert keeper.get(DESK, headers={"If-None-Match": tag}).json()["available"] == 11
    assert keeper.patch(DESK, {"name": "Desk"}, format="json", headers={"If-Match": tag}).status_code == 200


def test_date_decides_where_no_tag_is_given(desk: Product) -> None:
    date = http_date(desk.updated_at.timestamp())
    read = {"changed_at": desk.updated_at}

    assert view().answer(desk, {}, **read)["Last-Modified"] == date
    assert view(**{"If-Modified-Since": date}).answer(desk, {}, **read).status_code == 304
    for stale in ({"If-Modified-Since": http_date(0)}, {"If-Modified-Since": date, "If-None-Match": '"x"'}):
        assert view(**stale).answer(desk, {}, **read).status_code == 200


def test_page_that_shows_more_than_its_row_has_no_date(keeper: APIClient) -> None:
    assert "Last-Modified" not in keeper.get(DESK)


def test_put_is_told_no_tag_since_what_is_kept_is_not_what_was_sent(desk: Product) -> None:
    assert "ETag" not in view("put").answer(desk, {})
    assert "ETag" in view("patch").answer(desk, {})


@pytest.mark.roadmap("api/http-status-codes")
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_write_without_a_version_is_428_and_over_another_version_412(keeper: APIClient, method: str) -> None:
    write = getattr(keeper, method)

    assert_problem(write(DESK, {}, format="json"), 428, "version-not-named")
    body = {"name": "Desk"} if method == "patch" else product_body()
    refusal = write(DESK, body, format="json", headers={"If-Match": '"0f3c-77ab"'})
    assert_problem(refusal, 412, "changed-meanwhile")
    assert Product.objects.get().name.startswith("Thing")


def product_body() -> dict[str, Any]:
    return {
        "category": Category.objects.get().slug, "name": "Desk", "description": "Made of wood.", "price": "300.00",
        "currency": "EUR", "attributes": {}, "is_listed": True,
    }  # fmt: skip


def test_read_that_asks_for_another_version_is_412(keeper: APIClient) -> None:
    assert keeper.get(DESK, headers={"If-Match": keeper.get(DESK)["ETag"]}).status_code == 200
    assert_problem(keeper.get(DESK, headers={"If-Match": '"other"'}), 412, "changed-meanwhile")
