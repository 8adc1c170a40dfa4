"""Races over HTTP on the whole shop: two web servers, worker, relay, provider, and 32 people who want the same thing.

The long forms are in `test_races_long.py`; what each lock is good for is shown by the negative controls next door.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from deploy.demo.shopper import ADDRESS, Shopper
from deploy.local.stack import Stack
from tests.races.aftermath import broken_promises, charges, mails, rest
from tests.races.crowd import crowd, rush, shelf
from tests.races.presses import same_key
from tests.races.sale import assert_flawless, sell_out

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True, scope="module")
def books_agree(shop_stack: Stack) -> Iterator[None]:
    """In the end the provider's book is held against ours, by a process of its own."""
    yield
    shop_stack.manage("audit", "--at-rest")


@pytest.fixture(autouse=True)
def audited_at_rest(shop_stack: Stack) -> Iterator[None]:
    """After each race every promise of the books holds, those included that hold only at rest."""
    yield
    rest(shop_stack)
    assert broken_promises(shop_stack) == {}


@pytest.mark.roadmap("commerce/inventory", "databases/acid")
def test_sixty_units_go_to_sixty_of_32_buyers_presses(shop_stack: Stack) -> None:
    sale = sell_out(shop_stack, products=1, units=60, clients=32)

    assert_flawless(sale, units=60)
    assert sale.tally.refused == 32


@pytest.mark.roadmap("commerce/inventory")
def test_overlapping_baskets_sell_out_without_a_deadlock(shop_stack: Stack) -> None:
    sale = sell_out(shop_stack, products=4, units=15, clients=32)

    assert_flawless(sale, units=60)


@pytest.fixture
def hands(shop_stack: Stack) -> Iterator[list[Shopper]]:
    """Eight clients of one buyer, four at each web server."""
    with crowd(shop_stack, 1, hands=8) as eight:
        yield eight


@pytest.mark.roadmap("api/idempotency")
def test_eight_presses_with_one_key_make_one_order(shop_stack: Stack, hands: list[Shopper]) -> None:
    [sku] = shelf(shop_stack, 1, units=10)
    since = time.time()

    trials = [same_key(hands, sku) for _ in range(10)]

    rest(shop_stack)
    orders = {trial.order for trial in trials}
    assert [trial.faults for trial in trials] == [[]] * 10
    assert len(orders) == charges(shop_stack, orders) == 10
    assert mails(shop_stack, orders, since=since) == {1: 10}


@pytest.mark.roadmap("api/idempotency")
def test_key_must_be_there_and_belong_to_this_request(shop_stack: Stack, hands: list[Shopper]) -> None:
    [sku] = shelf(shop_stack, 1, units=1)
    here, there, *_ = hands
    here.fill(sku)

    first = here.buy("the-key")

    reused = there.buy("the-key", address=ADDRESS | {"city": "Bremen"})
    keyless = there.http.post("/orders/", json={"payment_method": "pm_card_visa", "shipping_address": ADDRESS})
    assert [first.status_code, reused.status_code, keyless.status_code] == [201, 422, 400]
    assert there.buy("the-key").content == first.content


def test_eight_presses_with_eight_keys_buy_the_cart_once(shop_stack: Stack, hands: list[Shopper]) -> None:
    [sku] = shelf(shop_stack, 1, units=10)
    hands[0].fill(sku)

    answers = rush(hands, lambda hand: [hand.buy()])

    kinds = sorted(answer.json().get("type", "paid") for [answer] in answers)
    assert kinds == ["/problems/cart-is-empty/"] * 7 + ["paid"]


@pytest.mark.roadmap("api/stateless-api")
def test_steps_of_one_purchase_go_to_two_servers_in_turn(shop_stack: Stack, hands: list[Shopper]) -> None:
    [first, second] = shelf(shop_stack, 2, units=1)
    here, there, *_ = hands
    assert here.http.base_url != there.http.base_url

    here.fill(first)
    there.fill(second)
    cart = here.http.get("/cart/").json()
    bought = there.buy("purchase")
    shown = here.order(bought.json()["number"]).json()

    assert [line["sku"] for line in cart["lines"]] == [line["sku"] for line in shown["lines"]] == [first, second]
    assert here.buy("purchase").content == bought.content
    assert there.http.get("/cart/").json()["lines"] == []


@pytest.mark.roadmap("commerce/order-processing")
def test_order_cancelled_and_refunded_from_all_sides_while_the_money_moves(
    shop_stack: Stack, hands: list[Shopper]
) -> None:
    [sku] = shelf(shop_stack, 1, units=12)
    with crowd(shop_stack, 1, hands=6, is_staff=True) as staff:
        answers = [answer for _ in range(12) for answer in from_all_sides(hands[0], staff, sku)]

    assert {answer.status_code for answer in answers} == {200, 201, 409}


def from_all_sides(buyer: Shopper, staff: list[Shopper], sku: str) -> list[httpx.Response]:
    """Buy one unit; then two cancel the order and four give the money back at one moment."""
    buyer.fill(sku).raise_for_status()
    number = buyer.buy().raise_for_status().json()["number"]
    deeds = Shopper.cancel, Shopper.refund, partial(Shopper.refund, amount="10.00")
    return [own[0] for own in rush(staff, *(partial(once, deed, number) for deed in deeds))]


def once(deed: Callable[[Shopper, str], httpx.Response], number: str, shopper: Shopper) -> list[httpx.Response]:
    return [deed(shopper, number)]
