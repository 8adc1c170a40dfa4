"""Money that the provider holds only after the order is over: it must be let go, whoever still hears of it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
ORDERS = "SELECT number FROM orders_order ORDER BY id DESC LIMIT 1"


def intent_of(provider: httpx.Client, number: str) -> dict[str, Any] | None:
    found = [intent for intent in provider.get("/_ledger").json() if intent["metadata"].get("order") == number]
    return found[0] if found else None


@pytest.mark.roadmap("commerce/payment-gateway")
def test_money_of_a_declined_payment_that_the_bank_approves_after_all_is_let_go(
    shop: Stack, crowd: Crowd, books: Books, provider: httpx.Client
) -> None:
    refused = crowd.press_with_full_cart(crowd.shoppers[0], method="pm_card_chargeDeclined")
    number = books.one(ORDERS)
    intent = intent_of(provider, number)
    assert intent

    key = {"Authorization": f"Bearer {shop.env['PAYMENT_API_KEY']}"}
    card = {"payment_method": "pm_card_visa"}
    approved = provider.post(f"/v1/payment_intents/{intent['id']}/confirm", data=card, headers=key).json()

    assert (refused.status, approved["status"]) == (402, "requires_capture")
    assert wait_until(lambda: books.order(number) == ("declined", "voided"), 30)
    assert (intent_of(provider, number) or {})["status"] == "canceled"


@pytest.mark.roadmap("commerce/payment-gateway", "commerce/external-services")
def test_charge_that_is_under_way_while_its_order_is_cancelled_is_let_go_without_any_news(
    crowd: Crowd, books: Books, provider: httpx.Client, faults: Callable[..., Any]
) -> None:
    faults(slow_ms=4000, webhooks_off=True)  # twice as long as the shop waits
    buyer = crowd.shoppers[0]

    pressed = crowd.press_with_full_cart(buyer, method="pm_fault_slow")
    cancelled = buyer.cancel(pressed.number)
    assert wait_until(lambda: intent_of(provider, pressed.number) is not None, 30)
    seconds = books.come_to_rest(30)

    print(f"at rest {seconds:.1f} s after the charge")
    assert (pressed.status, cancelled.status_code) == (202, 201)
    assert books.order(pressed.number) == ("cancelled", "voided")
    assert (intent_of(provider, pressed.number) or {})["status"] == "canceled"
