"""The catalogue over HTTP through the cache: the same answers as without it, to nobody who must not have them."""

import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import randrange
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from shop.models import Product
from shop.views.freshness import RULES
from tests.config.test_every_route import ROUTES, address
from tests.factories import browser_of, product

Api = Callable[..., APIClient]
LIST, PAGE = "/api/v1/products/", "/api/v1/products/desk/"
pytestmark = pytest.mark.django_db(transaction=True)


def came(answer: Any) -> str:
    return str(answer["Cache-Status"])


@pytest.mark.roadmap("caching/purpose-of-caching", "caching/cache-layers")
@pytest.mark.parametrize(
    "path", [LIST, "/api/v2/products/?page_size=1", "/api/v1/categories/", "/api/v1/categories/{}/"]
)
def test_second_reader_costs_no_query(client: Client, desk: Product, path: str, django_assert_num_queries: Any) -> None:
    path = path.format(desk.category.slug)
    first = client.get(path)

    with django_assert_num_queries(0):
        second = client.get(path)

    assert (came(first), came(second)) == ("shop; fwd=miss; stored", "shop; hit; detail=memory")
    assert second.content == first.content
    assert {*second.headers} - {"Cache-Status"} == {*first.headers} - {"Cache-Status"}


def test_page_is_kept_once_it_is_known_which_product_it_shows(
    client: Client, desk: Product, django_assert_num_queries: Any
) -> None:
    answers = [client.get(PAGE), client.get(PAGE)]

    with django_assert_num_queries(0):
        answers.append(client.get(PAGE))

    assert len({answer.content for answer in answers}) == 1
    assert came(answers[-1]) == "shop; hit; detail=memory"


@pytest.mark.roadmap("caching/cache-aside")
def test_unknown_slug_is_asked_for_once(client: Client, desk: Product, django_assert_num_queries: Any) -> None:
    client.get("/api/v1/products/chair/")

    with django_assert_num_queries(0):
        refused = client.get("/api/v1/products/chair/")

    assert refused.status_code == 404
    assert refused.json()["instance"] == "/api/v1/products/chair/"
    product(slug="chair", sku="C-1")  # by the factory, which announces nothing
    assert client.get("/api/v1/products/chair/").status_code == 404, "else this is no proof of the next"


def test_unknown_slug_is_known_as_soon_as_somebody_adds_it(
    api: Api, client: Client, carol: User, desk: Product
) -> None:
    client.get("/api/v1/products/chair/")
    wanted = {"sku": "C-1", "slug": "chair", "name": "Chair", "description": "-", "price": "9.00"}

    added = api(carol, "pwd", "otp").post(LIST, wanted | {"category": desk.category.slug}, format="json")

    assert added.status_code == 201
    assert client.get("/api/v1/products/chair/").json()["price"] == "9.00"


FORMS: list[tuple[str, dict[str, str]]] = [
    (LIST, {}),
    ("/api/v2/products/", {}),
    (f"{LIST}?fields=sku", {}),
    (f"{LIST}?fields=sku,price", {}),
    (f"{LIST}?page_size=1", {}),
    (f"{LIST}?page_size=2&fields=sku", {}),
    (f"{LIST}?fields=sku&page_size=2", {}),
    (f"{LIST}?ordering=-name", {}),
    (f"{LIST}?min_price=50", {}),
    (LIST, {"Accept": "text/csv"}),
    (LIST, {"Host": "localhost"}),
    (PAGE, {}),
    (f"{PAGE}?include=reviews", {}),
    (f"{PAGE}?fields=name", {}),
    ("/api/v2/products/desk/", {}),
]


def test_no_two_forms_of_an_answer_are_mixed_up(client: Client, desk: Product, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    for slug in ("lamp", "mug"):
        product(slug=slug, sku=slug.upper())
    alone = [client.get(path, headers={**headers, "If-Match": "*"}).content for path, headers in FORMS]  # never kept

    rounds = [[client.get(path, headers=headers).content for path, headers in FORMS] for _ in range(3)]

    assert rounds == [alone] * 3
    assert len(set(alone)) == len(alone) - 1, "only the order of the parameters is nowhere in the answer"


def test_parameter_that_does_not_exist_is_refused_before_and_after(client: Client, desk: Product) -> None:
    answers = [client.get(path).status_code for path in (LIST, f"{LIST}?max_prize=10", LIST, f"{LIST}?max_prize=10")]

    assert answers == [200, 400, 200, 400]


def credentials(api: Api, alice: User) -> Iterator[dict[str, str]]:
    bearer: Any = api(alice)
    yield {"Authorization": bearer._credentials["HTTP_AUTHORIZATION"]}
    _, key = api_keys.make(
        alice, name="k", scopes=["catalog:read"], networks=[], lasts=timedelta(days=1), origin=NOWHERE
    )
    yield {"Authorization": f"Api-Key {key}"}


@pytest.mark.parametrize("path", [LIST, f"{PAGE}?include=reviews"])
def test_answer_to_alice_is_kept_by_nobody(api: Api, client: Client, alice: User, desk: Product, path: str) -> None:
    hers = [client.get(path, headers=headers) for headers in credentials(api, alice)]

    assert [answer.status_code for answer in hers] == [200, 200]
    assert {answer["Cache-Control"] for answer in hers} == {"no-store"}
    assert not any("Cache-Status" in answer for answer in hers)
    assert came(client.get(path)) == "shop; fwd=miss; stored", "nothing of hers was there to be had"


def test_what_staff_see_never_reaches_bob(api: Api, client: Client, bob: User, carol: User) -> None:
    hidden = product(slug="prototype", sku="P-1", is_listed=False)
    path, staff = f"/api/v1/products/{hidden.slug}/", api(carol, "pwd", "otp")

    statuses = [reader.get(path).status_code for reader in (staff, client, api(bob), staff, client)]

    assert statuses == [200, 404, 404, 200, 404]


def test_cookie_of_somebody_changes_nothing_and_none_is_handed_on(client: Client, alice: User, desk: Product) -> None:
    answers = [reader.get(LIST) for reader in (browser_of(alice), client, browser_of(alice))]

    assert len({answer.content for answer in answers}) == 1
    assert not any(answer.cookies for answer in answers)


def test_quota_of_one_caller_is_never_told_to_another(client: Client, desk: Product, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"address": settings.RATE_LIMITS["address"]._replace(quota=50)}
    left = [client.get(LIST, REMOTE_ADDR=who)["RateLimit"].split("r=")[1][:2] for who in ("192.0.2.1", "192.0.2.2")]

    assert left == ["49", "49"]


def test_hits_are_counted_as_the_view_counts(client: Client, desk: Product, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"address": settings.RATE_LIMITS["address"]._replace(quota=3)}
    settings.RATE_LIMITS["address"] = settings.RATE_LIMITS["address"]._replace(window=600)

    visitor = (
        f"2001:db8:{randrange(2**16):x}:{randrange(2**16):x}::1"  # counted for ten minutes, by the next run as well
    )

    answers = [client.get(LIST, REMOTE_ADDR=visitor) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[4].json()["type"].endswith("/problems/too-many-requests/")
    assert answers[4]["Retry-After"]


@pytest.mark.roadmap("caching/cdn", "caching/cache-layers")
def test_who_has_it_already_gets_a_304(client: Client, desk: Product) -> None:
    tag = client.get(LIST)["ETag"]

    again = [client.get(LIST, headers={"If-None-Match": known}) for known in (tag, f"W/{tag}", '"another"')]

    assert [answer.status_code for answer in again] == [304, 304, 200]
    assert again[0].content == b""
    assert again[0]["ETag"] == tag
    assert again[0]["Cache-Control"] == str(RULES["products"])


def test_compressed_form_is_compressed_once_and_has_a_tag_of_its_own(client: Client, desk: Product) -> None:
    for number in range(10):
        product(slug=f"mug-{number}", sku=f"M-{number}")
    plain = client.get(LIST)
    packed = [client.get(LIST, headers={"Accept-Encoding": "gzip, br"}) for _ in range(2)]

    assert {gzip.decompress(answer.content) for answer in packed} == {plain.content}
    assert packed[0].content == packed[1].content, "Django's middleware would mix in random bytes"
    assert packed[0]["ETag"] == plain["ETag"][:-1] + '-gzip"'
    assert plain["Vary"] == packed[0]["Vary"] == "Accept, Authorization, Accept-Encoding"
    again = client.get(LIST, headers={"Accept-Encoding": "gzip", "If-None-Match": packed[0]["ETag"]})
    assert (again.status_code, again["ETag"]) == (304, packed[0]["ETag"])


def test_head_is_answered_from_the_same_entry(client: Client, desk: Product) -> None:
    client.get(LIST)

    head = client.head(LIST)

    assert (head.content, came(head)) == (b"", "shop; hit; detail=memory")
    assert client.get(LIST).json()["results"]


@pytest.mark.roadmap("caching/cdn")
@pytest.mark.parametrize("route", [route for route in ROUTES if "api" in address(route)], ids=lambda route: route.name)
def test_every_route_of_the_api_says_who_may_keep_its_answer(client: Client, route: URLPattern) -> None:
    listed = product(slug="walnut-desk", sku="W-1")
    path = address(route).replace("categories/walnut-desk", f"categories/{listed.category.slug}")

    answer = client.get(path)

    if route.name in RULES and answer.status_code == 200:
        assert answer["Cache-Control"] == str(RULES[route.name])
        assert {"Authorization", "Accept-Encoding"} <= set(answer["Vary"].split(", "))
    elif path.startswith(("/api/v1/", "/api/v2/")):
        assert answer["Cache-Control"] == "no-store"
    assert route.name not in RULES or answer.status_code == 200
