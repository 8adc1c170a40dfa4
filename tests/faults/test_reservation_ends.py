"""A payment that nobody hears of until the reservation is over: units go back, and money that was held is let go."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd, Press, press

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
RESERVED = "SELECT reserved FROM shop_stock JOIN shop_product p ON p.id = product_id WHERE sku = 'FAULT-7'"


@pytest.fixture(scope="module")
def hasty_shop(shop: Stack) -> Iterator[str]:
    """A third web process, in which a reservation lasts three seconds; returns its address."""
    usual, shop.env = shop.env, shop.env | {"RESERVATION_SECONDS": "3"}
    shop.start("web.hasty")
    shop.env = usual
    yield shop.web_urls[-1]
    shop["web.hasty"].stop()
    del shop.processes["web.hasty"]


def press_at(address: str, crowd: Crowd, books: Books, *, method: str = "pm_card_visa") -> Press:
    buyer = crowd.shopper(address, crowd.shoppers[0].http.headers["Authorization"].removeprefix("Bearer "))
    buyer.fill("FAULT-7").raise_for_status()
    pressed = press(buyer, method=method)
    buyer.close()
    return pressed


def intents_of(provider: httpx.Client, number: str) -> list[dict[str, Any]]:
    return [intent for intent in provider.get("/_ledger").json() if intent["metadata"].get("order") == number]


@pytest.mark.roadmap("commerce/order-processing", "commerce/inventory")
def test_held_money_of_an_expired_order_is_let_go(
    hasty_shop: str, crowd: Crowd, books: Books, provider: httpx.Client, faults: Callable[..., Any]
) -> None:
    faults(timeout_after_charge=1, reads_too=True, webhooks_off=True)  # charged, and nobody can know

    pressed = press_at(hasty_shop, crowd, books)
    reserved = books.one(RESERVED)
    assert wait_until(lambda: books.order(pressed.number)[0] == "expired", 30)
    held = [intent["status"] for intent in intents_of(provider, pressed.number)]
    faults()
    books.come_to_rest(60)

    assert (pressed.status, reserved >= 1, books.one(RESERVED)) == (202, True, 0)  # others may reserve, too
    assert held == ["requires_capture"]
    assert books.order(pressed.number) == ("expired", "voided")
    assert [intent["status"] for intent in intents_of(provider, pressed.number)] == ["canceled"]


@pytest.mark.roadmap("commerce/payment-gateway")
def test_authorization_that_arrives_after_the_void_is_let_go_by_its_webhook(
    shop: Stack, hasty_shop: str, crowd: Crowd, books: Books, provider: httpx.Client
) -> None:
    pressed = press_at(hasty_shop, crowd, books, method="pm_fault_timeoutBeforeCharge")
    assert wait_until(lambda: books.order(pressed.number) == ("expired", "voided"), 60)

    payment = "SELECT p.id::text FROM orders_payment p JOIN orders_order o ON o.id = order_id WHERE number = %s"
    late = {
        "amount": 1000, "currency": "eur", "confirm": "true", "capture_method": "manual",
        "payment_method": "pm_card_visa", "metadata[order]": pressed.number,
        "metadata[payment]": books.one(payment, pressed.number),
    }  # fmt: skip
    key = {"Authorization": f"Bearer {shop.env['PAYMENT_API_KEY']}"}
    assert provider.post("/v1/payment_intents", data=late, headers=key).json()["status"] == "requires_capture"

    assert wait_until(lambda: {i["status"] for i in intents_of(provider, pressed.number)} == {"canceled"}, 30)
    books.come_to_rest(30)
    assert books.order(pressed.number) == ("expired", "voided")
