"""`Prefer`: who wants to read nothing after a write is sent nothing, and nothing is lost by it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.representations.preferences import preferences
from deploy.contract.document import resolved
from orders import gateways
from orders.models import Order
from orders.outcomes import Declined, Unknown
from tests.answers import assert_problem
from tests.factories import CategoryFactory, cart_of, person, product
from tests.fakes import FakeGateway
from tests.graphql_client import ask
from tests.orders.purchases import ADDRESS
from tests.test_openapi import DOCUMENT, OPERATIONS

Api = Callable[..., APIClient]
PRODUCTS, DESK, ORDERS = "/api/v1/products/", "/api/v1/products/desk/", "/api/v1/orders/"
MINIMAL, WHOLE = {"Prefer": "return=minimal"}, {"Prefer": "return=representation"}


@pytest.fixture
def keeper(db: None, api: Api) -> APIClient:
    """Runs the shop, and has shown a second factor."""
    product(slug="desk", category=CategoryFactory(slug="desks"))
    return api(person("carol", role="manager"), "pwd", "otp")


@pytest.fixture
def bank(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    return gateway


def change(client: APIClient, **headers: str) -> Any:
    return client.patch(DESK, {"name": "Table"}, format="json", headers={"If-Match": "*", **headers})


def buy(client: APIClient, **headers: str) -> Any:
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    return client.post(ORDERS, body, format="json", headers={"Idempotency-Key": "key", **headers})


@pytest.mark.roadmap("api/http-methods")
def test_change_is_told_in_no_words(keeper: APIClient) -> None:
    told = change(keeper, **MINIMAL)

    assert (told.status_code, told.content, told["Preference-Applied"]) == (204, b"", "return=minimal")
    assert "Content-Type" not in told
    assert "Prefer" in told["Vary"]
    shown = keeper.get(DESK)
    assert (shown["ETag"], shown.json()["name"]) == (told["ETag"], "Table")


def test_what_is_made_is_where_location_says(keeper: APIClient) -> None:
    body = {"category": "desks", "name": "Lamp", "description": "It shines.", "price": "9.00"}
    made = keeper.post(PRODUCTS, body | {"sku": "LAMP", "slug": "lamp"}, format="json", headers=MINIMAL)

    assert (made.status_code, made.content) == (201, b"")
    assert keeper.get(made["Location"]).json()["name"] == "Lamp"


def test_whole_answer_is_what_comes_without_a_wish_as_well(keeper: APIClient) -> None:
    asked, unasked = change(keeper, **WHOLE), change(keeper)

    assert (asked.status_code, asked["Preference-Applied"]) == (200, "return=representation")
    assert asked.json() == unasked.json()
    assert "Preference-Applied" not in unasked
    assert "Prefer" in asked["Vary"]
    assert "Prefer" in unasked["Vary"]


@pytest.mark.parametrize(
    "header", ["respond-async, wait=10", "return", "return=less", 'note="return=minimal"', "=", '"']
)
def test_what_is_not_known_is_ignored(keeper: APIClient, header: str) -> None:
    answer = change(keeper, Prefer=header)

    assert (answer.status_code, answer.json()["name"]) == (200, "Table")
    assert "Preference-Applied" not in answer


HEADERS: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    (",,", {}),
    ("return=minimal", {"return": "minimal"}),
    ("RETURN = minimal", {"return": "minimal"}),
    ("return=minimal, return=representation", {"return": "minimal"}),
    ("Wait=10,return=minimal", {"wait": "10", "return": "minimal"}),
    ('return="minimal"; foo="some, parameter"', {"return": "minimal"}),
    ('a="x, return=minimal", b', {"a": "x, return=minimal", "b": ""}),
    (r'a="x\", return=minimal"', {"a": r"x\", return=minimal"}),
]


@pytest.mark.parametrize(("header", "found"), HEADERS)
def test_header_is_read_as_the_rfc_writes_it(header: str, found: dict[str, str]) -> None:
    assert preferences(header) == found


def test_long_header_is_read_at_once() -> None:
    for hostile in ("a" * 100_000, '"' * 100_001, 'a="' * 30_000, "a=," * 30_000):
        assert "return" not in preferences(hostile)


@pytest.mark.roadmap("api/idempotency")
@pytest.mark.parametrize(("first", "retry"), [(MINIMAL, {}), ({}, MINIMAL), (MINIMAL, MINIMAL)])
def test_retry_gets_the_kept_answer_in_the_form_that_the_retry_prefers(
    alice: User, api: Api, bank: FakeGateway, first: dict[str, str], retry: dict[str, str]
) -> None:
    cart_of(alice, (product(), 1))
    client = api(alice)

    answers = [(buy(client, **headers), headers) for headers in (first, retry)]

    number = Order.objects.get().number
    for answer, headers in answers:
        assert (answer.status_code, answer["Location"]) == (201, f"http://testserver{ORDERS}{number}/")
        assert answer.content == b"" if headers else answer.json()["number"] == number


@pytest.mark.parametrize(("outcome", "status"), [(Unknown(), 202), (Declined("pi_1", "expired_card"), 402)])
def test_what_is_open_or_refused_is_told_whatever_is_preferred(
    alice: User, api: Api, bank: FakeGateway, outcome: Any, status: int
) -> None:
    cart_of(alice, (product(), 1))
    bank.outcome = outcome

    answer = buy(api(alice), **MINIMAL)

    assert (answer.status_code, "Preference-Applied" in answer) == (status, False)
    assert answer.json()["status"] in {402, "pending"}


def test_refusal_is_a_problem_whatever_is_preferred(keeper: APIClient) -> None:
    assert_problem(change(keeper, **MINIMAL | {"If-Match": '"other"'}), 412, "changed-meanwhile")


def test_reading_prefers_nothing(keeper: APIClient) -> None:
    shown = keeper.get(DESK, headers=MINIMAL)

    assert (shown.status_code, "Preference-Applied" in shown) == (200, False)
    assert "Prefer" not in shown["Vary"]


#: Members that are told once, or are all that was asked for.
SECRETS = {"access", "refresh", "secret", "key", "recovery_codes"}


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The members of what an operation answers with 200 or 201."""
    for status in {"200", "201"} & operation["responses"].keys():
        for form in operation["responses"][status].get("content", {}).values():
            yield resolved(form["schema"], DOCUMENT).get("properties", {})


def writes() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in OPERATIONS.items() if not name.startswith(("GET", "DELETE")) and [*bodies(one)]}


@pytest.mark.roadmap("api/openapi-documentation")
def test_document_offers_it_for_every_write_but_those_that_tell_a_secret() -> None:
    secretive = {name for name, one in writes().items() if any(SECRETS & shown.keys() for shown in bodies(one))}
    offering = {
        name
        for name, operation in OPERATIONS.items()
        if any(parameter["name"] == "Prefer" for parameter in operation.get("parameters", ()))
    }

    assert len(secretive) == 11
    assert offering == writes().keys() - secretive
    promised = [OPERATIONS[name]["responses"] for name in offering]
    assert not any("204" in statuses for statuses in promised)  # a client that prefers nothing needs no case for it


def test_secret_is_told_whatever_is_preferred(alice: User, api: Api) -> None:
    login = {"email": alice.email, "password": "alice-shows-the-shop"}
    key = {"name": "script", "scopes": ["cart:read"], "valid_days": 1}

    tokens = api().post("/api/v1/auth/token/", login, format="json", headers=MINIMAL)
    made = api(alice, "pwd", "otp").post("/api/v1/auth/api-keys/", key, format="json", headers=MINIMAL)

    assert tokens.json().keys() >= {"access", "refresh"}
    assert made.json()["key"].startswith("rsk_")
    assert "Preference-Applied" not in tokens
    assert "Preference-Applied" not in made


def test_answer_of_graphql_is_all_that_was_asked_for(db: None, api: Api) -> None:
    client = api()
    client.credentials(HTTP_PREFER="return=minimal")

    assert ask(client, "{ products { edges { node { sku } } } }") == {"products": {"edges": []}}
