"""The scenes of the demo, in the order they are played. Each buys over the public API and promises what must be seen.

Roadmap: testing/e2e-tests
"""

import email
import email.policy
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from deploy.demo.shopper import Shopper
from deploy.demo.stage import PromiseBroken, Stage

DESK, LAMP = "walnut-desk", "last-lamp"
CROWD = 20


class Town(NamedTuple):
    """Where the story plays: the shop, the payment provider, the folder of delivered mails, and the back door through
    which a delivery comes (`manage.py receive`)."""

    url: str
    provider_url: str
    mails: Path
    deliver: Callable[[str, int], object]
    leaving: ExitStack

    def enter(self, name: str, password: str = "") -> Shopper:
        """Somebody comes in and logs in; when the town closes, so do their connections."""
        shopper = Shopper(self.url)
        self.leaving.callback(shopper.close)
        answer = shopper.log_in(f"{name}@example.com", password or f"{name}-shows-the-shop")
        if not answer.is_success:
            raise PromiseBroken(f"{name} cannot log in: {answer.status_code} {answer.text}")
        return shopper

    def ledger(self, number: str) -> list[Any]:
        """What the provider knows of an order: its own words, not the shop's."""
        book = httpx.get(f"{self.provider_url}/_ledger", trust_env=False, timeout=10).raise_for_status().json()
        return [intent for intent in book if intent["metadata"].get("order") == number]

    def letters(self, number: str) -> list[email.message.EmailMessage]:
        """The mails about an order, as delivered."""
        files = sorted(self.mails.glob("*.log"))
        found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [letter for letter in found if number in str(letter["Subject"])]


def a_purchase(stage: Stage, town: Town) -> None:
    """Alice buys a desk: everything that happens, from both sides of the counter."""
    alice = town.enter("alice")
    shelf = stage.exchange(alice.http.get("/products/", params={"search": "walnut", "in_stock": "true"})).json()
    for found in shelf["results"][:3]:
        stage.show(f"{found['price']:>8} {found['currency']}  {found['name']}, {found['available']} left")
    before = _stocked(alice, town, DESK)
    stage.exchange(alice.fill(before["sku"]))
    order = stage.exchange(alice.buy()).json()
    after = alice.product(DESK)
    stage.tell(f"Stock of the {before['name']}: {before['available']} before, {after['available']} after.")
    stage.promise(after["available"] == before["available"] - 1, "exactly one unit left the shelf")
    stage.promise(
        order["status"] == "paid", f"order {order['number']} over {order['total']} {order['currency']} is paid"
    )
    _captured(stage, town, alice, order["number"])
    letter = stage.wait_for(lambda: town.letters(order["number"]), "The mail is on its way")[0]
    stage.tell(f"The mail as it was delivered to {letter['To']}:")
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    stage.show(text.get_content() if text else "")
    stage.promise(bool(text and html) and len(town.letters(order["number"])) == 1, "one mail, as text and as HTML")


def _captured(stage: Stage, town: Town, buyer: Shopper, number: str) -> None:
    """Show the money at the provider and the history of the order."""
    charge = stage.wait_for(
        lambda: next((intent for intent in town.ledger(number) if intent["status"] == "succeeded"), None),
        "The payment is being captured",
    )
    stage.promise(
        len(town.ledger(number)) == 1,
        f"the provider's own book has one charge: {charge['id']}, {charge['amount']} cents",
    )
    order = stage.wait_for(lambda: _with_event(buyer, number, "PaymentCaptured"), "The order learns of it")
    stage.show("\n".join(f"{event['sequence']}. {event['at'][11:23]}  {event['type']}" for event in order["events"]))


def _with_event(buyer: Shopper, number: str, event: str) -> Any | None:
    order = buyer.order(number).json()
    return order if event in {entry["type"] for entry in order["events"]} else None


def a_declined_card(stage: Stage, town: Town) -> None:
    """Bob's bank says no."""
    bob = town.enter("bob")
    before = _stocked(bob, town, DESK)
    bob.fill(before["sku"])
    refusal = stage.exchange(bob.buy(method="pm_card_chargeDeclinedInsufficientFunds"))
    stage.promise(refusal.status_code == 402, f"the answer is a problem document of type {refusal.json()['type']}")
    stage.promise(bob.product(DESK)["available"] == before["available"], "every unit is back on the shelf")
    cart = bob.http.get("/cart/").json()
    stage.promise(len(cart["lines"]) == 1, "and Bob's cart is as it was")
    for line in cart["lines"]:
        bob.http.delete(f"/cart/lines/{line['id']}/")


def a_rush_on_the_last_lamp(stage: Stage, town: Town) -> None:
    """Twenty buyers press the button at the same moment, and there is one lamp."""
    with stage.busy(f"{CROWD} buyers log in and put the last lamp into their carts"), ThreadPoolExecutor(CROWD) as pool:
        names = [f"buyer-{number:02}" for number in range(1, CROWD + 1)]
        crowd = list(pool.map(lambda name: town.enter(name, "crowd-shows-the-shop"), names))
        lamp = _stocked(crowd[0], town, LAMP, enough=1)
        list(pool.map(lambda buyer: buyer.fill(lamp["sku"]), crowd))
    stage.tell(f"{lamp['name']}: {lamp['available']} left. All {CROWD} press the button.")
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda buyer: buyer.buy(), crowd))
    counted = Counter(answer.status_code for answer in answers)
    stage.show(", ".join(f"{count} × {status}" for status, count in sorted(counted.items())))
    stage.show(next(answer.json()["detail"] for answer in answers if answer.status_code == 409))
    stage.promise(
        counted == {201: lamp["available"], 409: CROWD - lamp["available"]}, "one got it, nineteen were told so"
    )
    stage.promise(crowd[0].product(LAMP)["available"] == 0, "the shelf is empty, and not below")
    for buyer in crowd:
        for line in buyer.http.get("/cart/").json()["lines"]:
            buyer.http.delete(f"/cart/lines/{line['id']}/")


def a_double_press(stage: Stage, town: Town) -> None:
    """An impatient client sends the same purchase eight times at once."""
    alice = town.enter("alice")
    alice.fill(_stocked(alice, town, DESK)["sku"])
    key = str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: alice.buy(key), range(8)))
    counted = Counter(answer.status_code for answer in answers)
    stage.show(", ".join(f"{count} × {status}" for status, count in sorted(counted.items())))
    stage.promise(set(counted) <= {201, 409}, "each press got the order, or was asked to wait for the first one")
    again = stage.exchange(alice.buy(key))
    bodies = {answer.content for answer in [*answers, again] if answer.status_code == 201}
    stage.promise(len(bodies) == 1, "a ninth press, later, gets the same answer, byte for byte")
    number = again.json()["number"]
    stage.promise(len(town.ledger(number)) == 1, f"one order, {number}, and one charge")
    other = stage.exchange(alice.buy(key, method="pm_card_mastercard"))
    stage.promise(other.status_code == 422, "the same key with another card is refused")


def a_silent_provider(stage: Stage, town: Town) -> None:
    """The provider takes the request and says nothing."""
    faults = f"{town.provider_url}/_faults"
    alice = town.enter("alice")
    alice.fill(_stocked(alice, town, DESK)["sku"])
    httpx.put(faults, json={"timeout_before_charge": 1, "hang_seconds": 20}, trust_env=False).raise_for_status()
    try:
        with stage.busy("Alice presses the button; the provider hangs"):
            answer = alice.buy()
    finally:
        httpx.delete(faults, trust_env=False)
    stage.exchange(answer)
    stage.promise(answer.status_code == 202, "the shop answers all the same: pending, and where to look")
    stage.tell("Now the provider is well again. Nobody presses anything.")
    number = answer.json()["number"]
    stage.wait_for(
        lambda: alice.order(number).json()["status"] == "paid", "The shop asks the provider again, by the same key"
    )
    stage.promise(len(town.ledger(number)) == 1, f"order {number} is paid, with one charge")


def _stocked(buyer: Shopper, town: Town, slug: str, *, enough: int = 3) -> Any:
    """Return the product; if an earlier demo bought it up, a delivery comes in first."""
    product = buyer.product(slug)
    if product["available"] < enough:
        town.deliver(product["sku"], enough)
        product = buyer.product(slug)
    return product


SCENES: dict[str, Callable[[Stage, Town], None]] = {
    "Alice buys a desk": a_purchase,
    "Bob's card is declined": a_declined_card,
    "Twenty buyers, one lamp": a_rush_on_the_last_lamp,
    "Eight presses, one key": a_double_press,
    "A provider that does not answer": a_silent_provider,
}
