"""What happens while nobody presses anything: staff, the clock, the provider's webhooks, the relay and the workers.

`PurchaseMachine` is the whole of it; `test_purchase_machine.py` runs it.
"""

import random
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders import outbox, payments
from orders.models import Payment
from shop import stock
from shop.errors import CountBelowReserved
from shop.models import Product
from tests.model.cart_rules import skus
from tests.model.expectation import Press
from tests.model.provider import CLOCK_WEATHER, WORKER_WEATHER, Intent
from tests.model.purchase_rules import PurchaseRules, presses

cents = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("12.80"), Decimal("99.90"), Decimal(500)])


class StaffRules(PurchaseRules):
    """Carol gives money back; dave counts, packs and sends; prices and the range change under the buyers' hands."""

    @rule(press=presses, amount=st.one_of(cents, st.none()), times=st.integers(1, 2))
    def carol_refunds(self, press: Press, amount: Decimal | None, times: int) -> None:
        if not press.order:
            return
        order = self.model.orders[press.order]
        wanted = order.refundable if amount is None else amount
        body = {} if amount is None else {"amount": str(amount)}
        key = str(uuid4())
        ask = partial(self.ask, "carol", "post", f"orders/{press.order}/refunds/", body, **{"Idempotency-Key": key})
        answers = [ask() for _ in range(times)]

        if order.status not in {"paid", "fulfilled"} or order.refundable == 0 or wanted > order.refundable:
            assert {status for status, _ in answers} == {409}
        else:
            assert answers[0][0] == 201
            assert all(answer == answers[0] for answer in answers)
            order.refunded += wanted

    @rule(press=presses)
    def buyer_tries_to_refund(self, press: Press) -> None:
        if press.order:
            key = {"Idempotency-Key": "mine"}
            assert self.ask(press.buyer, "post", f"orders/{press.order}/refunds/", {}, **key)[0] == 403

    @rule(press=presses)
    def dave_packs(self, press: Press) -> None:
        if not press.order:
            return

        status, _ = self.ask("dave", "post", f"orders/{press.order}/fulfilments/")

        order = self.model.orders[press.order]
        if order.parcel:
            assert status == 200
        elif order.status == "paid" and order.refundable:
            assert status == 201
            order.parcel = "packed"
        else:
            assert status == 409

    @rule(press=presses)
    def dave_ships(self, press: Press) -> None:
        order = self.model.orders.get(press.order)
        if order is None or not order.parcel:
            return
        label = {"carrier": "DHL", "tracking_number": press.order}

        status, answer = self.ask("dave", "post", f"{self.parcel_of(press.order)}shipment/", label)

        if order.parcel != "packed":
            assert status == 200
        elif status == 201:
            assert order.status == "paid"
            assert order.refundable > 0
            assert self.provider.intent_of(press.order)["status"] == "succeeded", "sent before the money was taken"
            order.parcel = "shipped"
            self.model.move(press.order, "fulfilled")
        else:
            assert answer["type"].split("/")[-2] in {"payment-not-captured", "not-fulfillable"}
            assert order.refundable == 0 or Payment.objects.get(order__number=press.order).status != "captured"

    @rule(press=presses)
    def dave_hears_that_it_arrived(self, press: Press) -> None:
        order = self.model.orders.get(press.order)
        if order is None or not order.parcel:
            return

        status, _ = self.ask("dave", "post", f"{self.parcel_of(press.order)}delivery/")

        assert status == {"packed": 409, "shipped": 201, "delivered": 200}[order.parcel]
        order.parcel = "packed" if order.parcel == "packed" else "delivered"

    def parcel_of(self, number: str) -> str:
        [parcel] = self.ask(self.model.orders[number].buyer, "get", f"orders/{number}/fulfilments/")[1]["results"]
        return f"orders/{number}/fulfilments/{parcel['id']}/"

    @rule(sku=skus, units=st.integers(1, 3))
    def delivery_comes_in(self, sku: str, units: int) -> None:
        with transaction.atomic():
            stock.receive(product_id=self.product(sku).pk, quantity=units, reference="delivery")
        self.model.shelf[sku] += units

    @rule(sku=skus, counted=st.integers(0, 5))
    def dave_counts_the_shelf(self, sku: str, counted: int) -> None:
        correct = transaction.atomic(stock.correct)
        wanted = {"product_id": self.product(sku).pk, "on_hand": counted, "reference": "count"}
        if counted < self.model.reserved(sku):
            with pytest.raises(CountBelowReserved):
                correct(**wanted)
        else:
            correct(**wanted)
            self.model.shelf[sku] += counted - self.model.on_hand(sku)

    @rule(sku=skus, price=cents)
    def price_changes(self, sku: str, price: Decimal) -> None:
        Product.objects.filter(sku=sku).update(price=price)
        self.model.prices[sku] = price

    @rule(sku=skus)
    def product_leaves_or_comes_back(self, sku: str) -> None:
        self.model.unlisted ^= {sku}
        Product.objects.filter(sku=sku).update(is_listed=sku not in self.model.unlisted)

    def product(self, sku: str) -> Product:
        return Product.objects.get(sku=sku)


class PurchaseMachine(StaffRules):
    """The clock, the provider, the relay and the workers."""

    @rule(weather=st.sampled_from(CLOCK_WEATHER), seconds=st.sampled_from([15, 60]))
    def clock_reconciles(self, weather: str, seconds: int) -> None:
        self.provider.weather = weather
        payments.reconcile(gateway=self.provider, now=timezone.now() + timedelta(seconds=seconds))
        self.provider.weather = "fair"

        self.learn(giving_up=weather == "failing" and seconds == 60)
        if weather == "fair":
            assert not any(order.status == "pending" for order in self.model.orders.values())

    @precondition(lambda self: any(order.status == "pending" for order in self.model.orders.values()))
    @rule(weather=st.sampled_from(CLOCK_WEATHER))
    def clock_moves_past_expiry(self, weather: str) -> None:
        self.provider.weather = weather
        payments.reconcile(gateway=self.provider, now=timezone.now() + settings.RESERVATION_TIME)
        self.provider.weather = "fair"

        self.learn(expiring=True)
        assert not any(order.status == "pending" for order in self.model.orders.values())

    @precondition(lambda self: self.provider.in_flight)
    @rule()
    def late_request_reaches_the_provider(self) -> None:
        self.provider.land()

    @precondition(lambda self: self.refused())
    @rule(place=st.integers(0, 20))
    def bank_approves_what_it_had_declined(self, place: int) -> None:
        refused = self.refused()
        self.provider.approve(refused[place % len(refused)])

    def refused(self) -> list[Intent]:
        """What the provider could still confirm of orders that were declined."""
        declined = {number for number, order in self.model.orders.items() if order.status == "declined"}
        book = self.provider.book.values()
        waiting = [intent for intent in book if intent["status"] == "requires_payment_method"]
        return [intent for intent in waiting if intent["metadata"]["order"] in declined]

    @precondition(lambda self: self.delivered < len(self.provider.events))
    @rule(times=st.integers(1, 2))
    def next_event_is_delivered(self, times: int) -> None:
        assert [self.deliver(self.delivered) for _ in range(times)] == [204] * times
        self.delivered += 1

    @precondition(lambda self: self.provider.events)
    @rule(place=st.integers(0, 20))
    def some_event_is_delivered(self, place: int) -> None:
        """Late, early or once more: the provider promises no order."""
        assert self.deliver(place % len(self.provider.events)) == 204

    @precondition(lambda self: self.provider.events)
    @rule(forged=st.sampled_from(["event", "time", "signature"]))
    def stranger_posts_an_event(self, forged: str) -> None:
        event = self.provider.events[-1]
        signature = "t=1,v1=0" if forged == "signature" else self.provider.sign(event, age=3600 * (forged == "time"))
        if forged == "event":
            event = event.replace(b'"evt_', b'"evt_forged_')

        assert self.post_event(event, signature) == 400

    @rule()
    def relay_publishes(self) -> None:
        self.relay()

    @rule()
    def broker_is_down(self) -> None:
        def refuse(message_ids: object, topic: str) -> None:
            raise ConnectionError("the broker is away")

        assert outbox.publish_due(refuse) == 0

    @precondition(lambda self: self.queue)
    @rule(weather=st.sampled_from(WORKER_WEATHER), seed=st.integers(0, 3))
    def workers_empty_the_queue(self, weather: str, seed: int) -> None:
        random.Random(seed).shuffle(self.queue)
        while self.queue:
            self.perform(self.queue.pop(), weather)
        self.learn()

    @precondition(lambda self: self.queue)
    @rule()
    def broker_loses_its_messages(self) -> None:
        self.queue.clear()

    @precondition(lambda self: self.published)
    @rule(place=st.integers(0, 20), weather=st.sampled_from(WORKER_WEATHER))
    def broker_delivers_again(self, place: int, weather: str) -> None:
        self.perform(self.published[place % len(self.published)], weather)
        self.learn()

    @rule()
    def pauses_of_the_outbox_pass(self) -> None:
        self.pauses_pass()
