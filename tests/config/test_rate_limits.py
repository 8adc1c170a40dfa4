"""What callers see of the limits: the same buckets through REST and GraphQL, the headers, and the refusal."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.oauth.access import Delegated
from accounts.security_events import NOWHERE
from accounts.throttling import Caller
from accounts.throttling.rest import caller_of
from accounts.throttling.table import TABLE, Limit
from config.access import routes
from deploy.embedded.ports import free_port
from orders import gateways
from tests.answers import assert_problem
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("api/rate-limiting")]
PRODUCTS, ORDERS, EXPORT, GRAPHQL = "/api/v1/products/", "/api/v1/orders/", "/api/v1/account/export/", "/graphql/"
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
Api = Callable[..., APIClient]
Limits = Callable[..., None]


@pytest.fixture
def limits(settings: Any) -> Limits:
    """`limits(search=3)`: buckets of this test alone, since its limit is a part of a bucket's name."""

    settings.REDIS_URL = settings.REDIS_URL.rsplit("/", 1)[0] + "/7"  # other tests empty the cache's

    def set_limits(**quotas: int) -> None:
        window = 100_000 + uuid4().int % 900_000
        settings.RATE_LIMITS = settings.RATE_LIMITS | {name: Limit(quota, window) for name, quota in quotas.items()}

    return set_limits


def test_answer_says_what_is_left_of_which_quota(alice: User, api: Api, settings: Any, limits: Limits) -> None:
    limits(person=10, search=3)
    window = settings.RATE_LIMITS["person"].window

    answer = api(alice).get(f"{PRODUCTS}?search=desk")

    policy = rf'"person";q=10;w={window}, "search";q=3;w={window}'
    assert answer["RateLimit-Policy"] == policy
    assert re.fullmatch(r'"person";r=9;t=\d+, "search";r=2;t=\d+', answer["RateLimit"])
    assert api(alice).get(PRODUCTS)["RateLimit"].startswith('"person";r=8;'), "to look around is no search"
    assert "search" not in api(alice).get(PRODUCTS)["RateLimit"]


@pytest.mark.roadmap("security/dos-protection")
def test_who_asks_too_much_is_told_when_to_come_back(alice: User, bob: User, api: Api, limits: Limits) -> None:
    limits(search=2)
    answers = [api(alice).get(f"{PRODUCTS}?search=desk") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    problem = assert_problem(answers[2], 429, "too-many-requests")
    assert problem["policies"] == ["search"]
    assert int(answers[2]["Retry-After"]) > 1
    assert '"search";r=0;' in answers[2]["RateLimit"]
    assert api(alice).get(PRODUCTS).status_code == 200, "another bucket"
    assert api(bob).get(f"{PRODUCTS}?search=desk").status_code == 200, "another person"


@pytest.mark.roadmap("api/versioning")
def test_another_version_of_the_api_gives_no_fresh_bucket(alice: User, api: Api, limits: Limits) -> None:
    limits(person=5, search=2)
    asked = [f"/api/{version}/products/?search=desk" for version in ("v1", "v2", "v2")]

    answers = [api(alice).get(path) for path in asked]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[1]["RateLimit"].startswith('"person";r=3;')


def test_forged_header_gives_no_fresh_bucket(limits: Limits) -> None:
    limits(address=3)

    answers = [
        APIClient().get(PRODUCTS, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(5)
    ]

    assert answers == [200] * 3 + [429] * 2


SENDERS = [
    ("203.0.113.7", "203.0.113.8", 200),
    ("2001:db8::1", "2001:db8::2:1", 429),  # one customer's network
    ("::ffff:203.0.113.7", "203.0.113.7", 429),
]


@pytest.mark.parametrize(("first", "second", "status"), SENDERS)
def test_our_proxy_says_whose_bucket_it_is(limits: Limits, settings: Any, first: str, second: str, status: int) -> None:
    settings.TRUSTED_PROXIES = 1
    limits(address=1)

    answers = [APIClient().get(PRODUCTS, headers={"X-Forwarded-For": address}) for address in (first, second)]

    assert [answer.status_code for answer in answers] == [200, status]


def test_api_key_has_a_bucket_of_its_own(alice: User, api: Api, limits: Limits) -> None:
    limits(key=1)
    lasts = timedelta(days=1)
    made = api_keys.make(alice, name="Export", scopes=["orders:read"], networks=[], lasts=lasts, origin=NOWHERE)
    machine = APIClient(headers={"Authorization": f"Api-Key {made.key}"})

    assert machine.get(ORDERS).status_code == 200
    assert_problem(machine.get(ORDERS), 429, "too-many-requests")
    assert api(alice).get(ORDERS).status_code == 200


def test_program_is_counted_as_itself_and_for_whom_it_acts(alice: User) -> None:
    def asked_by(user: User | None) -> Any:
        return SimpleNamespace(auth=Delegated(user, "partner", frozenset()))

    assert caller_of(asked_by(alice)) == Caller("program", "partner", str(alice.pk))
    assert caller_of(asked_by(None)) == Caller("program", "partner", "itself")


@pytest.mark.roadmap("api/graphql-server-libraries")
def test_graphql_pays_by_cost_and_shares_the_buckets_of_rest(alice: User, api: Api, limits: Limits) -> None:
    limits(person=10, graphql=20, search=2)
    document = '{ products(first: 5, search: "desk") { edges { node { sku } } } }'

    answer = api(alice).post(GRAPHQL, {"query": document}, format="json")

    left = re.findall(r'"(\w+)";r=(\d+)', answer["RateLimit"])
    assert left == [("person", "9"), ("search", "1"), ("graphql", "4")], "1 + 5 × (edges, node, sku) = 16"
    assert '"search";r=0;' in api(alice).get(f"{PRODUCTS}?search=desk")["RateLimit"]
    refused = api(alice).post(GRAPHQL, {"query": document}, format="json")
    assert set(assert_problem(refused, 429, "too-many-requests")["policies"]) == {"search", "graphql"}


def test_purchase_by_another_name_and_in_a_fragment_takes_from_the_checkout(
    alice: User, api: Api, limits: Limits
) -> None:
    limits(checkout=3)
    bought = 'purchase(idempotencyKey: "k", paymentMethod: "p", shippingAddress: {}) { order { number } }'
    document = f"mutation {{ a: {bought} ...More }} fragment More on Mutation {{ b: {bought} }}"

    answer = api(alice).post(GRAPHQL, {"query": document}, format="json")

    assert '"checkout";r=1;' in answer["RateLimit"]
    assert '"checkout";r=0;' in api(alice).post(ORDERS, {}, format="json")["RateLimit"]
    assert_problem(api(alice).post(ORDERS, {}, format="json"), 429, "too-many-requests")


def test_purchase_asks_redis_once(alice: User, api: Api, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    client, sent = api(alice), []
    send = redis.Connection.send_packed_command

    def heard(self: redis.Connection, command: Any, **how: Any) -> None:
        sent.append(command)
        send(self, command, **how)

    client.get(PRODUCTS)  # connects
    cart_of(alice, (product(), 1))
    monkeypatch.setattr(redis.Connection, "send_packed_command", heard)
    ready = client.get("/api/v1/cart/")
    bought = client.post(ORDERS, BODY, format="json", headers={"Idempotency-Key": "key-1"})

    assert (ready.status_code, bought.status_code) == (200, 201)
    assert len(sent) == 2, "one for each request"


def test_without_redis_nobody_is_refused_and_nothing_is_claimed(
    alice: User, api: Api, settings: Any, limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    limits(person=1)
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    answers = [api(alice).get(PRODUCTS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("RateLimit" in answer for answer in answers)
    assert caplog.text.count("nobody is throttled") == 1


def test_every_bucket_that_a_view_names_stands_in_the_table() -> None:
    views = [getattr(callback, "cls", None) for _path, callback in routes(get_resolver())]
    named = {name for view in views for name in getattr(view, "buckets", {}).values()}

    assert {"search", "checkout", "export"} <= named <= set(TABLE)


def test_provider_is_never_told_to_wait(limits: Limits) -> None:
    limits(address=1)

    answers = [APIClient().post("/api/v1/webhooks/payments/", {}, format="json") for _ in range(3)]

    assert {answer.status_code for answer in answers} == {400}
