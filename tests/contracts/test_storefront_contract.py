"""What a storefront needs of the shop, said by the storefront, and kept by a whole running shop."""

from functools import partial
from pathlib import Path

import httpx
import pytest
from pact import Pact, match

from deploy.local.stack import Stack
from tests.contracts.agreement import States, needs, renaming, verify
from tests.contracts.storefront import HOME, Offer, Refused, Storefront

pytestmark = [pytest.mark.roadmap("testing/contract-tests"), pytest.mark.serial]
FILE = "storefront-shop.json"
DESK, ELSEWHERE = "DESK-WAL-160", "7KQ2-M4XD-9RTC"
WITH_A_DESK = f"a {DESK} in the cart"
AMOUNT, CURRENCY = match.regex("1280.00", regex=r"\d+\.\d\d"), match.regex("EUR", regex="[A-Z]{3}")
NUMBER = match.regex("8KQ2-M4XD-9RTC", regex=r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")


def asks(pact: Pact, what: str, method: str, path: str, given: str = "an empty cart") -> Pact:
    asked = pact.upon_receiving(what).given(given).with_request(method, f"/api/v1/{path}")
    return asked.with_header("Authorization", match.regex("Bearer alice", regex="Bearer .+"))


def presses(pact: Pact, what: str, key: str, card: str) -> Pact:
    asked = asks(pact, what, "POST", "orders/", WITH_A_DESK).with_header("Idempotency-Key", key)
    return asked.with_body({"payment_method": card, "shipping_address": HOME})


def refusal(kind: str) -> dict[str, object]:
    return {"type": f"/problems/{kind}/", "detail": match.str("in words")}


def needed() -> Pact:
    """The parts of every answer that the storefront reads, and nothing else."""
    pact = Pact("storefront", "shop").with_specification("V4")
    row = {"sku": match.str(DESK), "name": match.str("Walnut Desk"), "price": AMOUNT, "currency": CURRENCY}
    asks(pact, "look for desks", "GET", "products/").with_query_parameters(
        {"search": "desk", "in_stock": "true"}
    ).will_respond_with(200).with_body({"results": match.each_like(row | {"available": match.int(5)}, min=1)})
    asks(pact, "put a desk into the cart", "POST", "cart/lines/").with_body(
        {"sku": DESK, "quantity": 1}
    ).will_respond_with(201).with_body({"quantity": 1})
    asks(pact, "ask what it costs", "GET", "cart/", WITH_A_DESK).will_respond_with(200).with_body(
        {"total": AMOUNT, "currency": CURRENCY}
    )
    presses(pact, "buy", "contract-1", "pm_card_visa").will_respond_with(201).with_body(
        {"number": NUMBER, "status": "paid"}
    )
    presses(pact, "buy with an empty card", "contract-2", "pm_card_chargeDeclined").will_respond_with(402).with_body(
        refusal("payment-declined"), "application/problem+json"
    )
    asks(pact, "look at an order of nobody's", "GET", f"orders/{ELSEWHERE}/").will_respond_with(404).with_body(
        refusal("not-found"), "application/problem+json"
    )
    return pact


def test_storefront_needs_what_the_file_says_and_gets_along_with_it(tmp_path: Path) -> None:
    pact = needed()

    with pact.serve("127.0.0.1") as mock:
        talk_of_everything(Storefront(f"http://127.0.0.1:{mock.port}", "alice"))

    now, written = needs(pact, tmp_path)
    assert now == written, f"what the storefront needs has changed: look at it, and copy {tmp_path} to docs/api/pacts/"


def talk_of_everything(front: Storefront) -> None:
    with front.http:
        assert front.look("desk") == [Offer(DESK, "Walnut Desk", "1280.00 EUR", 5)]
        assert (front.put(DESK), front.total()) == (1, "1280.00 EUR")
        assert front.buy("contract-1", "pm_card_visa") == ("8KQ2-M4XD-9RTC", "paid")
        with pytest.raises(Refused, match="in words") as declined:
            front.buy("contract-2", "pm_card_chargeDeclined")
        assert declined.value.kind == "/problems/payment-declined/"
        with pytest.raises(Refused) as missing:
            front.order(ELSEWHERE)
        assert missing.value.kind == "/problems/not-found/"


@pytest.fixture
def token(shop_stack: Stack) -> str:
    login = {"email": "alice@example.com", "password": "alice-shows-the-shop"}
    return str(httpx.post(f"{shop_stack.url}/api/v1/auth/token/", json=login, timeout=30).json()["access"])


def fill(shop: Stack, token: str, *skus: str) -> None:
    """Alice's cart holds one of each of these and nothing else."""
    with httpx.Client(base_url=f"{shop.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30) as alice:
        for line in alice.get("/cart/").json()["lines"]:
            alice.delete(f"/cart/lines/{line['id']}/").raise_for_status()
        for sku in skus:
            alice.post("/cart/lines/", json={"sku": sku}).raise_for_status()


def states(shop: Stack, token: str) -> States:
    return {"an empty cart": partial(fill, shop, token), WITH_A_DESK: partial(fill, shop, token, DESK)}


def test_shop_keeps_the_contract(shop_stack: Stack, token: str) -> None:
    verify("shop", FILE, shop_stack.url, states(shop_stack, token), {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("field", ["available", "detail", "total"])
def test_field_that_the_storefront_reads_cannot_be_renamed_unnoticed(shop_stack: Stack, token: str, field: str) -> None:
    known = {"Authorization": f"Bearer {token}"}

    with renaming(shop_stack.url, field, f"new_{field}") as next_version, pytest.raises(AssertionError, match=field):
        verify("shop", FILE, next_version, states(shop_stack, token), known)


def test_field_that_the_storefront_does_not_read_may_be_renamed(shop_stack: Stack, token: str) -> None:
    with renaming(shop_stack.url, "reserved_until", "kept_until") as next_version:
        verify("shop", FILE, next_version, states(shop_stack, token), {"Authorization": f"Bearer {token}"})
