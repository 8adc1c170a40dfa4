"""A client that knows one address and a few words, and buys: every other address it reads in an answer."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders import gateways, payments
from orders.models import Order
from tests.factories import person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("api/hateoas")]
ROOT = "/api/v1/"


class Follower:
    """Knows relations; its one literal address is the root's."""

    def __init__(self, client: APIClient) -> None:
        self.client = client
        self.at: Any = client.get(ROOT).json()

    def follow(self, relation: str, body: Any = None, *, of: Any = None) -> Any:
        """Go where the relation leads from here, or from a part of what is here."""
        link = (self.at if of is None else of)["_links"][relation]
        call = getattr(self.client, link["method"].lower())
        more = {} if link["method"] == "GET" else {"format": "json", "headers": {"Idempotency-Key": str(uuid4())}}
        answer = call(link["href"], body, **more)
        assert answer.status_code in {200, 201}, answer.content
        self.at = answer.json()
        return self.at

    @property
    def doors(self) -> set[str]:
        """The relations that are shown here."""
        return set(self.at["_links"])


@pytest.fixture
def bank(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    return gateway


@pytest.mark.roadmap("commerce/purchase-flow", "architecture/modular-monolith")
def test_purchase_is_completed_and_called_off_by_following_links_alone(
    alice: User, api: Callable[..., APIClient], bank: FakeGateway
) -> None:
    product(sku="DESK", name="Desk", price="99.90")
    alices = Follower(api(alice))

    [desk] = alices.follow("products")["results"]
    alices.follow("self", of=desk)
    alices.follow("add-to-cart", {"sku": alices.at["sku"], "quantity": 2})
    alices = Follower(alices.client)
    alices.follow("cart")
    order = alices.follow("checkout", {"payment_method": "pm_card_visa", "shipping_address": ADDRESS})

    assert (order["status"], order["total"]) == ("paid", "199.80")
    assert alices.follow("self")["number"] == order["number"]
    assert alices.doors == {"self", "cancel"}
    assert alices.follow("cancel")["status"] == "cancelled"
    assert alices.doors == {"self"}


def test_guest_is_shown_the_way_in_and_no_button(api: Callable[..., APIClient], db: None) -> None:
    product(sku="DESK")
    guest = Follower(api(None))

    assert guest.doors == {"self", "products", "categories", "log-in", "register", "cart"}
    client = guest.client
    token = client.post("/api/v1/cart/lines/", {"sku": "DESK"}, format="json")["X-Cart-Token"]
    client.credentials(HTTP_X_CART_TOKEN=token)
    guest.follow("cart")
    assert (len(guest.at["lines"]), guest.doors) == (1, {"self", "add"})


def test_empty_cart_and_empty_shelf_lead_to_no_purchase(alice: User, api: Callable[..., APIClient]) -> None:
    product(stocked=0)
    alices = Follower(api(alice))

    [sold_out] = alices.follow("products")["results"]
    assert set(sold_out["_links"]) == {"self", "reviews"}
    assert Follower(alices.client).follow("cart")["_links"].keys() == {"self", "add"}


@pytest.fixture
def clients(alice: User, carol: User, api: Callable[..., APIClient]) -> dict[str, APIClient]:
    """The cast at their desks."""
    return {
        "alice": api(alice), "dave": api(person("dave", role="warehouse")),
        "carol": api(carol), "carol with her code": api(carol, "pwd", "otp"),
    }  # fmt: skip


def test_each_is_shown_what_their_part_in_the_shop_allows(clients: dict[str, APIClient], bank: FakeGateway) -> None:
    """From the same order: the buyer's way, the warehouse's, and the office's with and without a second factor."""
    product(sku="DESK")
    buyer = Follower(clients["alice"])
    buyer.client.post("/api/v1/cart/lines/", {"sku": "DESK"}, format="json")
    number = buyer.follow("checkout", {"payment_method": "pm_card_visa", "shipping_address": ADDRESS})["number"]
    payments.capture(Order.objects.get().pk, gateway=bank)

    assert {who: set(_of(client, number)["_links"]) for who, client in clients.items()} == {
        "alice": {"self", "cancel"}, "dave": {"self", "fulfil"}, "carol": {"self", "cancel", "fulfil"},
        "carol with her code": {"self", "cancel", "refund", "fulfil"},
    }  # fmt: skip
    clients["dave"].post(f"/api/v1/orders/{number}/fulfilments/")
    assert {who: set(_of(client, number)["_links"]) for who, client in clients.items()} == {
        "alice": {"self", "fulfilments"}, "dave": {"self", "fulfilments"}, "carol": {"self", "fulfilments"},
        "carol with her code": {"self", "fulfilments", "refund"},
    }  # fmt: skip


def _of(client: APIClient, number: str) -> Any:
    return client.get(f"/api/v1/orders/{number}/").json()
