"""Every answer of the purchase button over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponseBase
from rest_framework.test import APIClient

from accounts.models import User
from orders.models import IdempotencyKey, Order
from orders.outcomes import Authorized, Declined, Outcome, Unknown, Unsent
from orders.settlement import settle
from shop.models import Product
from tests.answers import assert_problem
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

URL = "/api/v1/orders/"
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}

Api = Callable[[User | None], APIClient]

pytestmark = pytest.mark.usefixtures("provider")


@pytest.fixture
def desk(alice: User) -> Product:
    """Two of three desks in alice's cart."""
    made = product(sku="DESK", name="Desk", price=Decimal("99.90"), stocked=3)
    cart_of(alice, (made, 2))
    return made


def press(client: APIClient, body: Any = BODY, *, key: str | None = "key-1", **extra: Any) -> HttpResponseBase | Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(URL, body, format="json", headers=headers, **extra)


@pytest.mark.roadmap(
    "api/http-status-codes", "commerce/purchase-flow", "frameworks/request-handlers", "architecture/n-tier"
)
def test_paid_order_is_201_with_where_it_lives(alice: User, desk: Product, api: Api) -> None:
    client = api(alice)

    answer = press(client)

    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["total"]) == (201, "paid", "199.80")
    assert answer["Location"].endswith(f"{URL}{shown['number']}/")
    assert shown["lines"] == [
        {"sku": "DESK", "name": "Desk", "unit_price": "99.90", "quantity": 2, "line_total": "199.80"}
    ]
    assert client.get(answer["Location"]).json()["number"] == shown["number"]


@pytest.mark.roadmap("api/idempotency")
def test_second_press_gets_the_same_bytes(alice: User, desk: Product, api: Api) -> None:
    first, second = press(api(alice)), press(api(alice))

    assert (second.status_code, second.content, second["Location"]) == (201, first.content, first["Location"])
    assert Order.objects.count() == 1


def test_order_without_an_answer_is_202_and_its_replay_too(
    alice: User, desk: Product, api: Api, provider: FakeGateway
) -> None:
    provider.outcome = Unknown()

    answer = press(api(alice))
    settle(Order.objects.get().pk, Authorized("pi_1"))

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert press(api(alice)).content == answer.content
    assert api(alice).get(answer["Location"]).json()["status"] == "paid"


REFUSED: list[tuple[Outcome, int, str]] = [
    (Declined("pi_1", "insufficient_funds"), 402, "payment-declined"),
    (Unsent(), 503, "payment-unavailable"),
]


@pytest.mark.roadmap("api/error-responses")
@pytest.mark.parametrize(("outcome", "status", "slug"), REFUSED)
def test_provider_that_does_not_pay_is_a_problem(
    alice: User, desk: Product, api: Api, provider: FakeGateway, outcome: Outcome, status: int, slug: str
) -> None:
    provider.outcome = outcome

    answer = press(api(alice))

    problem = assert_problem(answer, status, slug)
    assert problem.get("reason") == ("insufficient_funds" if status == 402 else None)
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_decline_is_replayed_as_the_same_problem(alice: User, desk: Product, api: Api, provider: FakeGateway) -> None:
    provider.outcome = Declined("pi_1", "expired_card")
    first = press(api(alice))
    provider.outcome = None

    second = press(api(alice))

    assert (second.status_code, second["Content-Type"]) == (402, "application/problem+json")
    assert second.content == first.content


def test_sold_out_names_the_lines_and_what_is_left(alice: User, desk: Product, bob: User, api: Api) -> None:
    cart_of(bob, (desk, 2))
    press(api(bob))

    problem = assert_problem(press(api(alice)), 409, "out-of-stock")

    assert [(line["sku"], line["requested"], line["available"]) for line in problem["lines"]] == [("DESK", 2, 1)]
    assert problem["detail"] == "Only 1 of Desk left; you asked for 2."


def test_empty_cart_product_that_left_and_two_currencies_are_409(alice: User, api: Api, desk: Product) -> None:
    Product.objects.update(is_listed=False)
    assert assert_problem(press(api(alice)), 409, "not-for-sale")["sku"] == "DESK"
    Product.objects.update(is_listed=True)

    cart_of(alice, (product(currency="CHF"), 1))
    assert assert_problem(press(api(alice)), 409, "mixed-currencies")["currencies"] == ["CHF", "EUR"]

    alice.cart.lines.all().delete()
    assert_problem(press(api(alice)), 409, "cart-is-empty")
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("price", ["0.00", "0.24"])
def test_total_under_the_providers_least_is_refused_before_anything_moves(
    alice: User, api: Api, desk: Product, provider: FakeGateway, price: str
) -> None:
    Product.objects.update(price=price)

    assert assert_problem(press(api(alice)), 409, "total-too-small")["least"] == "0.50"
    assert not Order.objects.exists()
    assert provider.calls == []


@pytest.mark.parametrize(("intent", "who"), [("pi_1", "Your bank"), ("", "The payment provider")])
def test_refusal_names_who_refused(
    alice: User, api: Api, desk: Product, provider: FakeGateway, intent: str, who: str
) -> None:
    provider.outcome = Declined(intent, "some_reason")

    detail = assert_problem(press(api(alice)), 402, "payment-declined")["detail"]

    assert detail == f"{who} declined the payment (some reason). Your cart is as it was."


def test_key_that_is_missing_reused_or_running_is_refused(alice: User, desk: Product, api: Api) -> None:
    client = api(alice)
    assert_problem(press(client, key=None), 400, "idempotency-key-missing")
    press(client)

    other = {**BODY, "payment_method": "pm_card_mastercard"}
    assert_problem(press(client, other), 422, "idempotency-key-reused")

    IdempotencyKey.objects.update(answer=None)
    running = press(client)
    assert_problem(running, 409, "request-in-progress")
    assert running["Retry-After"] == "1"


def test_order_cancelled_before_a_retry_is_closed(alice: User, desk: Product, api: Api, provider: FakeGateway) -> None:
    provider.outcome = Unknown()
    number = press(api(alice)).json()["number"]
    api(alice).post(f"{URL}{number}/cancellation/")
    IdempotencyKey.objects.update(answer=None, locked_until="2020-01-01T00:00:00Z")

    assert assert_problem(press(api(alice)), 409, "order-closed")["order"] == number


INVALID: list[tuple[Any, set[str]]] = [
    ({}, {"#/payment_method"}),
    ({"payment_method": "pm_card_visa"}, {"#/shipping_address"}),
    ({**BODY, "address": str(UUID(int=1))}, {"#/address"}),
    ({"payment_method": "pm_card_visa", "address": 1}, {"#/address"}),
    ([], {"#"}),
    ({**BODY, "payment_method": "4242424242424242"}, {"#/payment_method"}),
    ({**BODY, "payment_method": "pm_card visa"}, {"#/payment_method"}),
    ({**BODY, "shipping_address": {**ADDRESS, "country": "Germany"}}, {"#/shipping_address/country"}),
    ({**BODY, "shipping_address": {**ADDRESS, "city": "\x00"}}, {"#/shipping_address/city"}),
    ({**BODY, "shipping_address": {**ADDRESS, "name": "x" * 121, "city": ""}},
     {"#/shipping_address/name", "#/shipping_address/city"}),
    ({**BODY, "shipping_address": "Hamburg"}, {"#/shipping_address"}),
]  # fmt: skip


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("body", "pointers"), INVALID)
def test_what_is_wrong_is_pointed_at(alice: User, desk: Product, api: Api, body: Any, pointers: set[str]) -> None:
    problem = assert_problem(press(api(alice), body), 400, "validation-failed")

    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert not Order.objects.exists()


RAW = [
    ("{", "application/json", 400, "malformed-body"),
    ("\ufeff{}", "application/json", 400, "malformed-body"),
    ("a=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    ("<a/>", "text/xml", 415, "unsupported-media-type"),
]


@pytest.mark.roadmap("api/http-status-codes")
@pytest.mark.parametrize(("body", "content_type", "status", "slug"), RAW)
def test_body_that_is_no_json_is_refused(
    alice: User, api: Api, body: str, content_type: str, status: int, slug: str
) -> None:
    answer = api(alice).post(URL, body, content_type=content_type, headers={"Idempotency-Key": "k"})

    assert_problem(answer, status, slug)


@pytest.mark.roadmap("foundations/client-server-responsibilities")
def test_tampered_price_changes_nothing(alice: User, desk: Product, api: Api) -> None:
    tampered = {**BODY, "total": "0.01", "lines": [{"sku": "DESK", "unit_price": "0.01"}], "discount": 100}

    problem = assert_problem(press(api(alice), tampered), 400, "validation-failed")

    assert {error["pointer"] for error in problem["errors"]} == {"#/total", "#/lines", "#/discount"}
    assert press(api(alice)).json()["total"] == "199.80"


@pytest.mark.roadmap("foundations/client-server-responsibilities")
@pytest.mark.parametrize("quantity", [-1, 0, 100, "2.5", None, 10**30])
def test_negative_or_senseless_quantity_is_refused(alice: User, desk: Product, api: Api, quantity: Any) -> None:
    answer = api(alice).post("/api/v1/cart/lines/", {"sku": "DESK", "quantity": quantity}, format="json")

    assert_problem(answer, 400, "validation-failed")
    assert alice.cart.lines.get().quantity == 2
