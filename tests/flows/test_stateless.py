"""A request carries all that it needs: each step goes through a client that has never been seen before."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders import gateways
from tests.factories import ProductFactory, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

Api = Callable[[User | None], APIClient]
LINES, CART, ORDERS = "/api/v1/cart/lines/", "/api/v1/cart/", "/api/v1/orders/"


@pytest.mark.roadmap("api/stateless-api")
def test_guest_fills_one_cart_through_strangers(db: None, api: Api) -> None:
    token = api(None).get(CART)["X-Cart-Token"]

    for sku in ("DESK", "LAMP"):
        added = api(None).post(LINES, {"sku": product(sku=sku).sku}, format="json", headers={"X-Cart-Token": token})
        assert (added.status_code, dict(added.cookies)) == (201, {})

    shown = api(None).get(CART, headers={"X-Cart-Token": token}).json()
    assert {line["sku"] for line in shown["lines"]} == {"DESK", "LAMP"}


@pytest.mark.roadmap("api/stateless-api")
def test_purchase_needs_token_and_key_and_no_cookie(
    alice: User, api: Api, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    api(alice).post(LINES, {"sku": product().sku}, format="json")
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}

    first, second = (api(alice).post(ORDERS, body, format="json", headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert (first.status_code, second.content) == (201, first.content)
    assert not first.cookies
    assert not second.cookies


@pytest.mark.roadmap("api/stateless-api")
def test_cursor_is_all_that_a_page_needs(db: None, api: Api) -> None:
    made = {ProductFactory(name="Twin").sku for _ in range(3)}
    seen, url = set(), "/api/v1/products/?page_size=1"

    while url:
        page = api(None).get(url).json()
        seen |= {row["sku"] for row in page["results"]}
        url = page["next"]

    assert seen == made
