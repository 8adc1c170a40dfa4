"""Reviews over HTTP and GraphQL, side by side: who may write, change and hide them, with the same ends in both."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from orders.outcomes import Declined
from shop import reviews
from shop.models import Product, Review
from tests.answers import assert_problem
from tests.factories import office_of, person, product
from tests.fakes import FakeGateway
from tests.graphql_client import ask, refused
from tests.orders.purchases import ordered

Api = Callable[..., APIClient]
WORDS = {"rating": 4, "text": "It stands."}
WRITE = "mutation W($thing: String!, $rating: Int!, $text: String) { writeReview(slug: $thing, rating: $rating, text: $text) { review { id author rating text isHidden } } }"  # noqa: E501
CHANGE = "mutation C($id: ID!, $rating: Int, $text: String) { changeReview(id: $id, rating: $rating, text: $text) { review { rating text author } } }"  # noqa: E501
WITHDRAW = "mutation D($id: ID!) { withdrawReview(id: $id) { id } }"
HIDE = "mutation H($id: ID!, $on: Boolean) { hideReview(id: $id, isHidden: $on) { review { isHidden author } } }"
SHOW = "query P($thing: String!) { product(slug: $thing) { rating reviewCount reviews(first: 2) { edges { node { id author rating text } } pageInfo { hasNextPage } } } }"  # noqa: E501
PAGE = "query P($thing: String!, $after: String) { product(slug: $thing) { reviews(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }"  # noqa: E501


@pytest.fixture
def thing(alice: User, gateway: FakeGateway) -> Product:
    """Something that alice has bought."""
    bought: Product = ordered(alice, gateway).lines.get().product
    return bought


@pytest.fixture
def review(thing: Product, alice: User) -> Review:
    return reviews.write(author=alice, product=thing, rating=5, text="Solid.")


def address(of: Product | Review) -> str:
    if isinstance(of, Review):
        return f"/api/v1/products/{of.product.slug}/reviews/{of.pk}/"
    return f"/api/v1/products/{of.slug}/reviews/"


@pytest.mark.roadmap("api/rest-resource-design", "api/http-methods")
def test_buyer_writes_reads_changes_and_withdraws(thing: Product, alice: User, api: Api) -> None:
    written = api(alice).post(address(thing), WORDS, format="json")
    place = written["Location"]

    assert written.status_code == 201
    assert {**WORDS, "author": "Alice", "is_hidden": False}.items() <= written.json().items()
    assert api().get(place).json() == written.json()
    changed = api(alice).patch(place, {"rating": 2}, format="json")
    assert (changed.status_code, changed.json()["rating"], changed.json()["text"]) == (200, 2, "It stands.")
    assert api(alice).delete(place).status_code == 204
    assert_problem(api().get(place), 404, "not-found")


@pytest.mark.roadmap("api/graphql-queries-and-mutations")
def test_buyer_does_the_same_through_graphql(thing: Product, alice: User, api: Api) -> None:
    client = api(alice)
    written = ask(client, WRITE, thing=thing.slug, **WORDS)["writeReview"]["review"]
    id_ = written.pop("id")

    assert written == {**WORDS, "author": "Alice", "isHidden": False}
    changed = ask(client, CHANGE, id=id_, rating=2)["changeReview"]["review"]
    assert changed == {"rating": 2, "text": "It stands.", "author": "Alice"}
    assert ask(client, WITHDRAW, id=id_) == {"withdrawReview": {"id": id_}}
    assert not Review.objects.exists()


Refusal = tuple[int, str]
NOT_A_BUYER, TWICE, NOBODY, NO_STARS, NO_THING = (
    (403, "against-the-rules"), (409, "already-reviewed"), (401, "not-authenticated"), (400, "validation-failed"),
    (404, "not-found"),
)  # fmt: skip
REFUSED: list[tuple[str, dict[str, Any], Refusal]] = [
    ("bob", WORDS, NOT_A_BUYER),
    ("carol", WORDS, NOT_A_BUYER),
    ("", WORDS, NOBODY),
    ("alice", {"rating": 0}, NO_STARS),
    ("alice", {"rating": 6}, NO_STARS),
    ("alice", {"rating": 5, "text": "x" * 2001}, NO_STARS),
    ("alice", {"rating": 5, "text": "\x00"}, NO_STARS),
    ("alice", WORDS | {"thing": "no-such-thing"}, NO_THING),
]


@pytest.mark.roadmap("auth/policy-based-authorization")
@pytest.mark.parametrize("protocol", ["REST", "GraphQL"])
@pytest.mark.parametrize(("who", "wanted", "refusal"), REFUSED)
def test_both_protocols_refuse_alike(
    thing: Product, bob: User, carol: User, api: Api, protocol: str, who: str, wanted: dict[str, Any], refusal: Refusal
) -> None:
    client = api(User.objects.get(email=f"{who}@example.com") if who else None)
    wanted = {"thing": thing.slug} | wanted

    if protocol == "GraphQL":
        refused(client, WRITE, refusal[1], **wanted)
    else:
        path = f"/api/v1/products/{wanted.pop('thing')}/reviews/"
        assert_problem(client.post(path, wanted, format="json"), *refusal)
    assert not Review.objects.exists()


@pytest.mark.parametrize("protocol", ["REST", "GraphQL"])
def test_second_review_names_the_first(review: Review, alice: User, api: Api, protocol: str) -> None:
    if protocol == "GraphQL":
        problem = refused(api(alice), WRITE, TWICE[1], thing=review.product.slug, **WORDS)
    else:
        problem = assert_problem(api(alice).post(address(review.product), WORDS, format="json"), *TWICE)

    assert problem["review"] == str(review.pk)


def test_order_that_was_declined_makes_no_buyer(alice: User, api: Api) -> None:
    wanted = ordered(alice, FakeGateway(Declined("pi_1", "no"))).lines.get().product

    assert_problem(api(alice).post(address(wanted), WORDS, format="json"), *NOT_A_BUYER)


@pytest.mark.roadmap("security/broken-access-control")
def test_review_of_somebody_else_cannot_be_touched(review: Review, bob: User, carol: User, api: Api) -> None:
    for stranger in (bob, carol):
        client = api(stranger)
        assert_problem(client.patch(address(review), {"rating": 1}, format="json"), 404, "not-found")
        assert_problem(client.delete(address(review)), 404, "not-found")
        refused(client, CHANGE, "not-found", id=str(review.pk), rating=1)
        refused(client, WITHDRAW, "not-found", id=str(review.pk))
    refused(api(bob), WITHDRAW, "not-found", id="7")
    assert_problem(api(bob).put(f"{address(review)}hiding/"), 403, "not-allowed")
    refused(api(bob), HIDE, "not-allowed", id=str(review.pk))
    assert (Review.objects.get().rating, Review.objects.get().is_hidden) == (5, False)


def test_review_is_found_under_its_own_product_alone(review: Review, api: Api) -> None:
    other = product(slug="other")

    assert_problem(api().get(f"{address(other)}{review.pk}/"), 404, "not-found")
    assert_problem(api().get(f"{address(other)}{uuid4()}/"), 404, "not-found")
    Product.objects.update(is_listed=False)
    assert_problem(api().get(address(review)), 404, "not-found")
    assert_problem(api().get(address(review.product)), 404, "not-found")


@pytest.mark.roadmap("auth/rbac")
@pytest.mark.parametrize("protocol", ["REST", "GraphQL"])
def test_support_hides_a_review_and_shows_it_again(review: Review, alice: User, api: Api, protocol: str) -> None:
    sam = api(person("sam", role="support"))
    hiding, id_ = f"{address(review)}hiding/", str(review.pk)

    _ = ask(sam, HIDE, id=id_) if protocol == "GraphQL" else sam.put(hiding)

    assert api().get(address(review.product)).json()["results"] == []
    shown = ask(api(), SHOW, thing=review.product.slug)["product"]
    assert (shown["rating"], shown["reviewCount"], shown["reviews"]["edges"]) == (None, 0, [])
    assert_problem(api().get(address(review)), 404, "not-found")
    assert api(alice).get(address(review)).json()["is_hidden"] is sam.get(address(review)).json()["is_hidden"] is True
    _ = ask(sam, HIDE, id=id_, on=False) if protocol == "GraphQL" else sam.delete(hiding)
    assert api().get(address(review)).json()["is_hidden"] is False


def test_product_shows_stars_alike_in_both_protocols(review: Review, api: Api) -> None:
    slug = review.product.slug
    shown = ask(api(), SHOW, thing=slug)["product"]
    detail = api().get(f"/api/v1/products/{slug}/").json()
    [row] = api().get("/api/v1/products/").json()["results"]
    [listed] = api().get(address(review.product)).json()["results"]

    assert (shown["rating"], shown["reviewCount"]) == (detail["rating"], detail["review_count"]) == ("5.0", 1)
    assert (row["rating"], row["review_count"]) == ("5.0", 1)
    assert shown["reviews"]["edges"][0]["node"].items() <= listed.items()


def reviewed(count: int) -> Product:
    made = product()
    for author in User.objects.bulk_create(User(email=f"{made.pk}-{number}@example.com") for number in range(count)):
        reviews.write(author=author, product=made, rating=3, text="")
    return made


def test_pages_of_both_protocols_lead_over_every_review_once(db: None, api: Api) -> None:
    thing, seen, found = reviewed(5), [], []
    url: str | None = f"{address(thing)}?page_size=2"
    while url:
        page = api().get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    cursor, more = None, True
    while more:
        page = ask(api(), PAGE, thing=thing.slug, after=cursor)["product"]["reviews"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seen == found
    assert len(set(seen)) == 5


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("count", [1, 12])
def test_reviews_of_a_product_are_two_queries(db: None, api: Api, count: int) -> None:
    thing = reviewed(count)

    with CaptureQueriesContext(connection) as captured:
        assert len(api().get(address(thing)).json()["results"]) == count

    assert len(captured) == 2


@pytest.mark.roadmap("api/graphql-dataloader")
@pytest.mark.parametrize("count", [2, 12])
def test_reviews_of_every_product_are_one_query_more_in_graphql(db: None, api: Api, count: int) -> None:
    for _ in range(count):
        reviewed(2)
    nested = "{ products(first: 50) { edges { node { rating reviews(first: 5) { edges { node { author } } } } } } }"

    with CaptureQueriesContext(connection) as captured:
        rows = ask(api(), nested)["products"]["edges"]

    assert [len(row["node"]["reviews"]["edges"]) for row in rows] == [2] * count
    assert len(captured) == 2  # products with their ratings, reviews with their authors


def test_own_reviews_are_part_of_what_one_takes_along(review: Review, alice: User, api: Api) -> None:
    reviews.hide(review)

    [taken] = api(alice).get("/api/v1/account/export/").json()["reviews"]

    assert (taken["product"], taken["text"], taken["is_hidden"]) == (review.product.slug, "Solid.", True)


def test_review_is_hidden_in_the_admin(review: Review) -> None:
    office = office_of(person("sam", role="support"))
    chosen = {"action": "hide", "_selected_action": [str(review.pk)]}

    assert office.post("/admin/shop/review/", chosen).status_code == 302
    assert Review.objects.get().is_hidden
    assert office.post("/admin/shop/review/", chosen | {"action": "show"}).status_code == 302
    assert not Review.objects.get().is_hidden
