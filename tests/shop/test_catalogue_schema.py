"""The catalogue in GraphQL: what is shown, in pages, and in a number of queries that no nesting changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from shop.models import Category
from tests.factories import CategoryFactory, product
from tests.graphql_client import ask, refused

NAMES = (
    "{ products(%s) { edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
)


@pytest.fixture
def guest(db: None, api: Callable[[Any], APIClient]) -> APIClient:
    return api(None)


@pytest.fixture
def shop(db: None) -> None:
    """Two shelves, one in the other, five products, one of them hidden and one sold out."""
    rooms = CategoryFactory(slug="rooms")
    desks = CategoryFactory(slug="desks", parent=rooms)
    product(name="Ash", category=desks, price=Decimal("300.00"), attributes={"wood": "ash"})
    product(name="Birch", category=desks, price=Decimal("80.00"))
    product(name="Cork", category=desks, price=Decimal("120.00"), stocked=0)
    product(name="Draft", category=desks, is_listed=False)
    product(name="Elm", category=rooms, price=Decimal("80.00"))


@contextmanager
def queries(count: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    assert len(captured) == count, [query["sql"] for query in captured]


def names(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in page["products"]["edges"]]


@pytest.mark.roadmap("api/graphql-schema-and-resolvers")
def test_product_shows_what_was_asked_for_and_nothing_else(guest: APIClient, shop: None) -> None:
    wanted = (
        '{ product(slug: "%s") { name price { amount currency } available attributes category { parent { slug } } } }'
    )
    slug = ask(guest, "{ products(first: 1) { edges { node { slug } } } }")["products"]["edges"][0]["node"]["slug"]

    assert ask(guest, wanted % slug) == {
        "product": {
            "name": "Ash",
            "price": {"amount": "300.00", "currency": "EUR"},
            "available": 10,
            "attributes": {"wood": "ash"},
            "category": {"parent": {"slug": "rooms"}},
        }
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["Ash", "Birch", "Cork", "Elm"]),
        ('search: "cork"', ["Cork"]),
        ('category: "desks"', ["Ash", "Birch", "Cork"]),
        ('minPrice: "100", maxPrice: "200"', ["Cork"]),
        ("inStock: true", ["Ash", "Birch", "Elm"]),
        ("orderBy: PRICE_DESCENDING", ["Ash", "Cork", "Elm", "Birch"]),
        ("first: 2", ["Ash", "Birch"]),
        ("last: 2", ["Cork", "Elm"]),
    ],
)
def test_list_is_narrowed_and_ordered_as_in_rest(
    guest: APIClient, shop: None, arguments: str, expected: list[str]
) -> None:
    query = NAMES % arguments if arguments else NAMES.replace("(%s)", "")

    assert names(ask(guest, query)) == expected


@pytest.mark.roadmap("api/graphql-schema-and-resolvers")
@pytest.mark.parametrize("ordering", ["NAME", "PRICE", "PRICE_DESCENDING", "NEWEST"])
def test_pages_lead_forwards_and_back_over_every_product_once(guest: APIClient, shop: None, ordering: str) -> None:
    whole = names(ask(guest, NAMES % f"orderBy: {ordering}"))
    first = ask(guest, NAMES % f"orderBy: {ordering}, first: 3")
    info = first["products"]["pageInfo"]
    second = ask(guest, NAMES % f'orderBy: {ordering}, first: 3, after: "{info["endCursor"]}"')
    back = second["products"]["pageInfo"]["startCursor"]

    assert names(first) + names(second) == whole
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert names(ask(guest, NAMES % f'orderBy: {ordering}, last: 3, before: "{back}"')) == names(first)


@pytest.mark.parametrize(
    ("arguments", "slug"),
    [
        ("first: 0", "validation-failed"),
        ("first: 101", "validation-failed"),
        ("first: -1", "validation-failed"),
        ("first: 1, last: 1", "validation-failed"),
        ('after: "nonsense"', "validation-failed"),
        ('after: "bnVsbA=="', "validation-failed"),
        ('minPrice: "-1"', "validation-failed"),
        ('maxPrice: "NaN"', "validation-failed"),
        (f'search: "{"x" * 201}"', "validation-failed"),
        ('search: "\\u0000"', "validation-failed"),
    ],
)
def test_senseless_argument_is_a_problem_in_words(guest: APIClient, shop: None, arguments: str, slug: str) -> None:
    assert refused(guest, NAMES % arguments, slug)["detail"]


@pytest.mark.roadmap("api/graphql-dataloader")
@pytest.mark.parametrize("count", [2, 20])
def test_nested_list_costs_the_same_queries_however_long_it_is(guest: APIClient, count: int) -> None:
    for _ in range(count):
        product()
    inner = "category { slug parent { slug } children { slug } }"
    nested = f"{{ products(first: 50) {{ edges {{ node {{ sku available {inner} }} }} }} }}"

    with queries(3):  # products with stock, categories, children; nobody has a parent here
        rows = ask(guest, nested)["products"]["edges"]

    assert len(rows) == count


@pytest.mark.roadmap("api/graphql-dataloader")
@pytest.mark.parametrize("shelves", [2, 12])
def test_a_page_of_each_shelf_is_one_query_for_all_shelves(guest: APIClient, shelves: int) -> None:
    for shelf in [CategoryFactory() for _ in range(shelves)]:
        for _ in range(3):
            product(category=shelf)

    with queries(2):
        found = ask(
            guest, "{ categories { products(first: 2) { edges { node { sku available } } pageInfo { hasNextPage } } } }"
        )

    pages = [category["products"] for category in found["categories"]]
    assert [len(page["edges"]) for page in pages] == [2] * shelves
    assert all(page["pageInfo"]["hasNextPage"] for page in pages)


@pytest.mark.roadmap("api/graphql-dataloader")
def test_without_the_loader_each_row_would_be_a_query(guest: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        product()
    monkeypatch.setattr("shop.schema.loading.DataLoader", OneByOne)

    with queries(1 + 5):
        ask(guest, "{ products { edges { node { category { slug } } } } }")


class OneByOne:
    """What a resolver does that asks for itself."""

    def __init__(self, load: Any) -> None:
        self.one = load

    async def load(self, key: int) -> Category | None:
        [found] = await self.one([key])
        return found
