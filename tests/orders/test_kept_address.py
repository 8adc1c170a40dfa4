"""A purchase that names an address of the account: the order copies the text, and only the buyer's own will do."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts import addresses
from accounts.models import Address, User
from orders.models import CartLine, Order
from tests.answers import assert_problem
from tests.factories import cart_of, product
from tests.graphql_client import ask, refused
from tests.orders.purchases import ADDRESS

BUY = """
mutation Buy($key: String!, $address: ID!) {
  purchase(idempotencyKey: $key, paymentMethod: "pm_card_visa", address: $address) { order { status } }
}
"""

Api = Callable[[User | None], APIClient]

pytestmark = [
    pytest.mark.roadmap("commerce/purchase-flow"),
    pytest.mark.usefixtures("provider"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def home(alice: User) -> Address:
    """Alice's address, with something in her cart to send there."""
    cart_of(alice, (product(), 1))
    return addresses.add(alice, **ADDRESS)


def press(client: APIClient, address: object) -> Any:
    body = {"payment_method": "pm_card_visa", "address": str(address)}
    return client.post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "one"})


def test_order_copies_the_text_and_keeps_it(alice: User, home: Address, api: Api) -> None:
    answer = press(api(alice), home.pk)
    addresses.change(alice, home.pk, expected=None, city="Bremen")

    assert (answer.status_code, answer.json()["shipping_address"]) == (201, ADDRESS)
    assert Order.objects.get().shipping_address == ADDRESS


def test_retry_is_answered_although_the_address_is_gone(alice: User, home: Address, api: Api) -> None:
    first = press(api(alice), home.pk)
    addresses.remove(alice, home.pk, expected=None)

    second = press(api(alice), home.pk)

    assert (second.status_code, second.content) == (201, first.content)
    assert Order.objects.count() == 1


def test_unknown_address_and_that_of_somebody_else_leave_cart_and_key(
    alice: User, bob: User, home: Address, api: Api
) -> None:
    for strange in (uuid4(), addresses.add(bob, **ADDRESS).pk):
        assert assert_problem(press(api(alice), strange), 422, "unknown-address")["address"] == str(strange)
    assert (Order.objects.count(), CartLine.objects.count()) == (0, 1)

    assert press(api(alice), home.pk).status_code == 201


@pytest.mark.roadmap("api/graphql-queries-and-mutations")
def test_graphql_buys_to_the_same_address_and_refuses_the_same(alice: User, home: Address, api: Api) -> None:
    refused(api(alice), BUY, "unknown-address", key="one", address=str(uuid4()))

    ask(api(alice), BUY, key="one", address=str(home.pk))

    assert Order.objects.get().shipping_address == ADDRESS
