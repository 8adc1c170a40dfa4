"""Pressing the button: in any weather, again with the same key, again with another request, and calling it off."""

import json
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, precondition, rule

from orders import idempotency
from orders.models import IdempotencyKey
from tests.model.cart_rules import CartRules, buyers, skus
from tests.model.expectation import Press
from tests.model.provider import DECLINED, PURCHASE_WEATHER, Killed
from tests.model.stage import ADDRESS

presses = Bundle("presses")
baskets = st.sets(skus, min_size=1)
methods = st.sampled_from(["pm_card_visa", "pm_card_visa", DECLINED])
#: How an order that stands there is answered when its press is finished.
ANSWERED = {
    "pending": (202, "pending"), "paid": (201, "paid"), "fulfilled": (201, "fulfilled"), "refunded": (201, "refunded"),
    "declined": (402, "payment-declined"), "cancelled": (409, "order-closed"), "expired": (409, "order-closed"),
}  # fmt: skip


class PurchaseRules(CartRules):
    """What the button promises: one key, one order, one charge, one answer."""

    @rule(target=presses, buyer=buyers, basket=baskets)
    def buys(self, buyer: str, basket: set[str]) -> Press:
        self.fill_an_empty_cart(buyer, basket)
        return self.press_anew(buyer, "pm_card_visa", "fair")

    @rule(target=presses, buyer=buyers, basket=baskets)
    def buys_with_a_card_that_is_declined(self, buyer: str, basket: set[str]) -> Press:
        self.fill_an_empty_cart(buyer, basket)
        return self.press_anew(buyer, DECLINED, "fair")

    @rule(target=presses, buyer=buyers, basket=baskets, method=methods, weather=st.sampled_from(PURCHASE_WEATHER[1:]))
    def buys_in_bad_weather(self, buyer: str, basket: set[str], method: str, weather: str) -> Press:
        self.fill_an_empty_cart(buyer, basket)
        return self.press_anew(buyer, method, weather)

    @rule(target=presses, buyer=buyers, method=methods)
    def presses_whatever_is_in_the_cart(self, buyer: str, method: str) -> Press:
        return self.press_anew(buyer, method, "fair")

    @rule(press=presses, weather=st.sampled_from(PURCHASE_WEATHER))
    def presses_again(self, press: Press, weather: str) -> None:
        self.press(press, weather)

    @rule(press=presses)
    def uses_the_key_for_another_request(self, press: Press) -> None:
        if press.is_kept:
            assert self.send(Press(press.buyer, press.key, "pm_other"), "fair") == (422, "idempotency-key-reused")

    @precondition(lambda self: any(press.is_locked for press in self.pressed))
    @rule()
    def time_of_dead_requests_runs_out(self) -> None:
        IdempotencyKey.objects.update(locked_until=Now())
        for press in self.pressed:
            press.is_locked = False

    @precondition(lambda self: any(press.is_kept for press in self.pressed))
    @rule()
    def day_passes_and_keys_are_forgotten(self) -> None:
        idempotency.forget_old(now=timezone.now() + timedelta(hours=25))
        for press in self.pressed:
            press.answer, press.is_kept, press.is_locked = None, False, False

    @rule(press=presses, stranger=buyers)
    def calls_an_order_off(self, press: Press, stranger: str) -> None:
        if not press.order:
            return

        status, answer = self.ask(stranger, "post", f"orders/{press.order}/cancellation/")

        order = self.model.orders[press.order]
        if stranger != press.buyer:
            assert status == 404
        elif order.status in {"pending", "paid"} and not order.parcel:
            assert (status, answer["status"]) == (201, "cancelled")
            self.model.move(press.order, "cancelled")
        else:
            assert status == (200 if order.status == "cancelled" else 409)

    @rule(press=presses, reader=st.sampled_from(["alice", "bob", "carol", "guest"]))
    def looks_at_an_order(self, press: Press, reader: str) -> None:
        if not press.order:
            return

        status, answer = self.ask(reader, "get", f"orders/{press.order}/")

        order = self.model.orders[press.order]
        if reader in {press.buyer, "carol"}:
            assert {line["sku"]: line["quantity"] for line in answer["lines"]} == order.lines
            assert (answer["total"], answer["status"]) == (f"{order.total:.2f}", order.status)
            assert [event["sequence"] for event in answer["events"]] == list(range(1, len(answer["events"]) + 1))
        else:
            assert status == (401 if reader == "guest" else 404)

    # How a press goes

    def fill_an_empty_cart(self, buyer: str, basket: set[str]) -> None:
        if not self.model.carts[buyer]:
            for sku in sorted(basket):
                self.adds_to_cart(buyer, sku, 1)

    def press_anew(self, buyer: str, method: str, weather: str) -> Press:
        press = Press(buyer, f"key-{len(self.pressed)}", method)
        self.pressed.append(press)
        self.press(press, weather)
        return press

    def press(self, press: Press, weather: str) -> None:
        """Press and compare the answer with what we believe: a kept one, the end of a dead one, or a new purchase."""
        if press.answer:
            self.send(press, weather)
            assert self.last == press.answer
        elif press.is_locked:
            assert self.send(press, weather) == (409, "request-in-progress")
        elif press.is_kept:
            self.resume(press, weather)
        else:
            self.purchase(press, weather)

    def purchase(self, press: Press, weather: str) -> None:
        """A new purchase is refused and changes nothing, or opens an order."""
        refusal = "payment-unavailable" if weather == "refusing" else self.model.refusal(press.buyer)
        answer = self.send(press, weather)
        if refusal:
            assert answer == (503 if weather == "refusing" else 409, refusal)
            if refusal == "out-of-stock":
                lines = json.loads(self.last[1])["lines"]
                short = [(line["sku"], line["requested"], line["available"]) for line in lines]
                assert short == self.model.shortages(press.buyer)
            return
        press.order = self.ask(press.buyer, "get", "orders/")[1]["results"][0]["number"]
        assert press.order not in self.model.orders
        self.model.open(press.order, press.buyer)
        if weather == "unreachable":
            assert answer == (503, "payment-unavailable")
            self.model.move(press.order, "cancelled")
        else:
            self.finish(press, weather, answer)

    def resume(self, press: Press, weather: str) -> None:
        """The process that began this purchase died: the repetition ends it, wherever the order stands by now."""
        self.finish(press, weather, self.send(press, weather))

    def finish(self, press: Press, weather: str, answer: tuple[int, str] | None) -> None:
        """An opened order is answered by where it stands; only a provider that answers can move it."""
        order = self.model.orders[press.order]
        is_open = order.status == "pending"
        press.is_kept, press.is_locked = True, is_open and weather.startswith("killed")
        if press.is_locked:
            assert answer is None
            return
        if is_open and weather == "fair":
            self.model.move(press.order, "declined" if press.method == DECLINED else "paid")
        assert answer == ANSWERED[order.status]
        press.answer = self.last

    def send(self, press: Press, weather: str) -> tuple[int, str] | None:
        """Return status and what the body says: a problem's slug or the order's status; None if the process died."""
        body = {"payment_method": press.method, "shipping_address": ADDRESS}
        headers = {"Idempotency-Key": press.key}
        self.provider.weather = weather
        try:
            response = self.clients[press.buyer].post("/api/v1/orders/", body, format="json", headers=headers)
        except Killed:
            return None
        finally:
            self.provider.weather = "fair"
        self.last = (response.status_code, response.content)
        said = json.loads(response.content)
        return response.status_code, said["type"].split("/")[-2] if "type" in said else said["status"]
