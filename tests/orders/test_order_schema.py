"""Buying, cancelling and giving back through GraphQL: the same ends, the same refusals, the same rights as REST."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from orders import fulfilment, payments
from orders.models import CartLine, Order, Refund
from orders.outcomes import Declined, Unknown
from tests.factories import cart_of, person, product
from tests.fakes import FakeGateway
from tests.graphql_client import ask, refused
from tests.orders.purchases import ADDRESS, ordered

Api = Callable[..., APIClient]
# A purchase opens transactions of its own, which a test's transaction would hide.
pytestmark = [pytest.mark.roadmap("api/graphql-queries-and-mutations"), pytest.mark.django_db(transaction=True)]

ADD = "mutation Add($sku: String!, $units: Int) { addToCart(sku: $sku, quantity: $units) { cart { lines { id quantity product { sku } } total { amount currency } } } }"  # noqa: E501
BUY = """
mutation Buy($key: String!, $card: String!, $to: AddressInput!) {
  purchase(idempotencyKey: $key, paymentMethod: $card, shippingAddress: $to) {
    order {
      number status total { amount currency } lines { sku quantity lineTotal } payment { status } events { type }
    }
  }
}
"""
TO = {"postalCode" if name == "postal_code" else name: value for name, value in ADDRESS.items()}
PRESS = {"key": "one", "card": "pm_card_visa", "to": TO}
CANCEL = "mutation Cancel($number: String!) { cancelOrder(number: $number) { order { status } } }"
REFUND = """
mutation Refund($number: String!, $key: String!, $amount: Decimal) {
  refundOrder(number: $number, idempotencyKey: $key, amount: $amount, reason: "Scratched") {
    refund { id amount status reason }
  }
}
"""


def test_cart_is_filled_changed_and_emptied(alice: User, api: Api) -> None:
    product(sku="DESK", price="99.90")
    client = api(alice)

    cart = ask(client, ADD, sku="DESK", units=2)["addToCart"]["cart"]
    assert (cart["lines"][0]["product"], cart["total"]) == ({"sku": "DESK"}, {"amount": "199.80", "currency": "EUR"})
    line = cart["lines"][0]["id"]
    change = "mutation C($id: ID!, $n: Int!) { changeCartLine(id: $id, quantity: $n) { cart { lines { quantity } } } }"
    assert ask(client, change, id=line, n=5)["changeCartLine"]["cart"] == {"lines": [{"quantity": 5}]}
    remove = "mutation R($id: ID!) { removeCartLine(id: $id) { cart { lines { id } total { amount } } } }"
    assert ask(client, remove, id=line)["removeCartLine"]["cart"] == {"lines": [], "total": None}


def test_guest_keeps_a_cart_by_token(api: Api, db: None) -> None:
    product(sku="DESK")
    first = api(None).post("/graphql/", {"query": ADD, "variables": {"sku": "DESK", "units": 1}}, format="json")
    headers = {"X-Cart-Token": first["X-Cart-Token"]}

    again = api(None).post("/graphql/", {"query": "{ cart { lines { quantity } } }"}, format="json", headers=headers)

    assert again.json()["data"]["cart"] == {"lines": [{"quantity": 1}]}
    assert ask(api(None), "{ cart { lines { quantity } } }") == {"cart": {"lines": []}}


def test_line_of_somebody_else_does_not_exist(alice: User, bob: User, api: Api) -> None:
    line = cart_of(alice, (product(), 1)).lines.get()
    remove = "mutation R($id: ID!) { removeCartLine(id: $id) { cart { lines { id } } } }"

    refused(api(bob), remove, "not-found", id=str(line.pk))
    refused(api(bob), remove, "not-found", id="7")
    assert CartLine.objects.count() == 1


def test_purchase_is_paid_and_tells_what_was_bought(alice: User, api: Api, provider: FakeGateway) -> None:
    cart_of(alice, (product(sku="DESK", price="99.90"), 2))

    order = ask(api(alice), BUY, **PRESS)["purchase"]["order"]

    assert order["status"] == "PAID"
    assert order["total"] == {"amount": "199.80", "currency": "EUR"}
    assert order["lines"] == [{"sku": "DESK", "quantity": 2, "lineTotal": "199.80"}]
    assert order["payment"] == {"status": "AUTHORIZED"}
    assert [event["type"] for event in order["events"]] == ["OrderPlaced", "OrderPaid"]


def test_second_press_with_one_key_buys_nothing_more(alice: User, api: Api, provider: FakeGateway) -> None:
    cart_of(alice, (product(), 2))
    client = api(alice)
    first, second = (ask(client, BUY, **PRESS)["purchase"]["order"] for _ in range(2))

    assert first == second
    assert (Order.objects.count(), provider.calls) == (1, ["authorize"])
    other = refused(client, BUY, "idempotency-key-reused", **PRESS | {"card": "pm_card_mastercard"})
    assert other["status"] == 422


def test_key_of_a_purchase_over_rest_is_no_key_here(alice: User, api: Api, provider: FakeGateway) -> None:
    cart_of(alice, (product(), 1))
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    assert (
        api(alice).post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "one"}).status_code == 201
    )

    refused(api(alice), BUY, "idempotency-key-reused", **PRESS)
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("outcome", "slug", "left"),
    [(Declined("pi_1", "insufficient_funds"), "payment-declined", 1), (None, "out-of-stock", 1)],
    ids=["declined", "sold out"],
)
def test_refused_purchase_leaves_the_cart_and_says_the_same_when_repeated(
    alice: User, api: Api, provider: FakeGateway, outcome: Any, slug: str, left: int
) -> None:
    provider.outcome = outcome
    cart_of(alice, (product(stocked=5 if outcome else 1), 2))

    problems = [refused(api(alice), BUY, slug, **PRESS) for _ in range(2)]

    assert problems[0]["detail"] == problems[1]["detail"]
    assert CartLine.objects.count() == left


def test_purchase_without_an_answer_stays_pending(alice: User, api: Api, provider: FakeGateway) -> None:
    provider.outcome = Unknown()
    cart_of(alice, (product(), 1))

    assert ask(api(alice), BUY, **PRESS)["purchase"]["order"]["status"] == "PENDING"


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"key": ""}, "idempotency-key-missing"),
        ({"card": "4242424242424242"}, "validation-failed"),
        ({"to": TO | {"country": "Germany"}}, "validation-failed"),
        ({"to": TO | {"city": "\x00"}}, "validation-failed"),
        ({"to": TO | {"total": "0.01"}}, "invalid-document"),
    ],
)
def test_purchase_that_makes_no_sense_orders_nothing(
    alice: User, api: Api, provider: FakeGateway, change: dict[str, Any], slug: str
) -> None:
    cart_of(alice, (product(), 1))

    refused(api(alice), BUY, slug, **PRESS | change)

    assert not Order.objects.exists()


@pytest.mark.parametrize("document", [BUY, CANCEL, REFUND, "{ orders { edges { cursor } } }"])
def test_guest_may_do_none_of_it(api: Api, document: str) -> None:
    variables: dict[str, Any] = PRESS | {"number": "X"} if "$" in document else {}
    used = {name: value for name, value in variables.items() if f"${name}" in document}

    refused(api(None), document, "not-authenticated", **used)


@pytest.mark.roadmap("api/graphql-schema-and-resolvers")
def test_order_of_somebody_else_does_not_exist(alice: User, bob: User, api: Api, provider: FakeGateway) -> None:
    number = ordered(alice, provider).number
    show = "query Q($number: String!) { order(number: $number) { number } }"

    assert ask(api(alice), show, number=number) == {"order": {"number": number}}
    refused(api(bob), show, "not-found", number=number)
    refused(api(bob), CANCEL, "not-found", number=number)


def test_buyer_cancels_and_support_gives_back(alice: User, api: Api, provider: FakeGateway) -> None:
    first = ordered(alice, provider, key="first")
    second = ordered(alice, provider, key="second")
    sam = person("sam", role="support")
    support = api(sam, "pwd", "otp")

    assert ask(api(alice), CANCEL, number=first.number)["cancelOrder"]["order"] == {"status": "CANCELLED"}
    refused(api(alice), REFUND, "not-allowed", number=second.number, key="k")
    refused(api(sam), REFUND, "step-up-required", number=second.number, key="k")
    given = [
        ask(support, REFUND, number=second.number, key="k", amount="5.00")["refundOrder"]["refund"] for _ in range(2)
    ]
    assert given[0] == given[1]
    assert (given[0]["amount"], given[0]["reason"]) == ("5.00", "Scratched")
    assert Refund.objects.count() == 1
    refused(support, REFUND, "refund-too-large", number=second.number, key="l", amount="21.00")


@pytest.mark.roadmap("api/graphql-dataloader")
@pytest.mark.parametrize("count", [1, 4])
def test_history_with_everything_on_it_is_seven_queries(
    alice: User, api: Api, provider: FakeGateway, count: int
) -> None:
    for n in range(count):
        ordered(alice, provider, key=f"key-{n}")
    client = api(alice)
    everything = (
        "{ orders { edges { node { number lines { sku } events { type } payment { status refunds { amount } } "
        "fulfilments { status } } } } }"
    )

    with CaptureQueriesContext(connection) as captured:
        rows = ask(client, everything)["orders"]["edges"]

    assert len(rows) == count
    assert len(captured) == 7  # who asks, orders, lines, events, payments, refunds, parcels


def test_buyer_sees_where_the_parcel_is(alice: User, api: Api, provider: FakeGateway) -> None:
    order = ordered(alice, provider)
    payments.capture(order.pk, gateway=provider)
    dave = person("dave", role="warehouse")
    parcel, _ = fulfilment.pack(order.pk, actor=dave)
    fulfilment.ship(parcel.pk, label=fulfilment.Label("DHL", "JD0001"), actor=dave)
    show = "query Q($n: String!) { order(number: $n) { status fulfilments { id status carrier trackingNumber } } }"

    assert ask(api(alice), show, n=order.number)["order"] == {
        "status": "FULFILLED",
        "fulfilments": [{"id": str(parcel.pk), "status": "SHIPPED", "carrier": "DHL", "trackingNumber": "JD0001"}],
    }
