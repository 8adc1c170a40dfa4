"""Where the machine plays: three products, the cast, a fake provider behind the real views; and what must always hold.

Every request goes through the real WSGI views, every write is really committed (so the provider can tell whether a
transaction was open when it was called), and after each step the auditor reads the books. At the end everything is
driven to rest: late requests land, every event is delivered, the clock and the workers run until nothing is left.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.core import mail
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, invariant
from rest_framework.test import APIClient

from accounts.models import User
from config.audit import check_books, compare
from orders import outbox, payments
from orders.cart import _digest, new_token
from orders.models import CartLine, Order, OutboxMessage
from orders.tasks import CONSUMERS
from shop.models import Stock
from tests.factories import ProductFactory, person, product, token_of
from tests.model.expectation import BY_ITSELF, Expectation, Press
from tests.model.provider import Killed, Provider

ADDRESS = {"name": "A. Buyer", "line1": "Elbe 1", "city": "Hamburg", "postal_code": "20095", "country": "DE"}
GOODS = {"CHAIR": ("0.50", 1), "DESK": ("99.90", 4), "LAMP": ("12.80", 2)}
BUYERS = ["alice", "bob"]
STAFF = {"carol": "manager", "dave": "warehouse"}
ALL_TABLES = "orders_idempotencykey, orders_webhookevent, orders_outboxmessage, shop_category, accounts_user"


class Stage(RuleBasedStateMachine):
    """The shop and what we believe about it."""

    def __init__(self) -> None:
        super().__init__()
        empty_the_shop()
        self.model, self.provider = Expectation(), Provider()
        self.behind = patch("orders.gateways.configured", lambda: self.provider)
        self.behind.start()  # the real views and consumers ask there for the gateway of this process
        people = {name: person(name, role=STAFF.get(name, "customer")) for name in [*BUYERS, *STAFF]}
        self.clients = {name: client_of(user) for name, user in people.items()}
        self.clients["guest"] = APIClient()
        self.new_guest()
        category = ProductFactory(sku="CATALOGUE", is_listed=False).category
        for sku, (price, units) in GOODS.items():
            product(sku=sku, slug=sku.lower(), price=Decimal(price), stocked=units, category=category)
            self.model.shelf[sku], self.model.prices[sku] = units, Decimal(price)
        self.queue: list[UUID] = []
        self.published: list[UUID] = []
        self.delivered = 0
        self.pressed: list[Press] = []
        self.last = (0, b"")

    def new_guest(self) -> None:
        self.token = new_token()
        self.clients["guest"].credentials(HTTP_X_CART_TOKEN=self.token)

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request and return status and parsed body. A 5xx that is not a clear 503 is a bug of ours."""
        call: Callable[..., Any] = getattr(self.clients[who], method)
        response = call(f"/api/v1/{path}", body, format="json", headers=headers)
        assert response.status_code < 500 or response.status_code == 503, response.content
        return response.status_code, json.loads(response.content) if response.content else None

    # Time and workers

    def relay(self) -> None:
        """What is due together has no order of its own; a game that shall go the same way twice needs one."""
        due: list[UUID] = []
        outbox.publish_due(lambda message_ids, _: due.extend(message_ids))
        in_order = OutboxMessage.objects.filter(pk__in=due).order_by("created_at", "topic", "id")
        self.queue += in_order.values_list("pk", flat=True)
        self.published += [message_id for message_id in self.queue if message_id not in self.published]

    def perform(self, message_id: UUID, weather: str) -> bool:
        """Let a worker act on a message; it may be killed while it talks to the provider."""
        self.provider.weather = weather
        try:
            return outbox.perform(message_id, CONSUMERS)
        except Killed:
            return False
        finally:
            self.provider.weather = "fair"

    def pauses_pass(self) -> None:
        OutboxMessage.objects.waiting().update(due_at=Now() - timedelta(seconds=1))
        OutboxMessage.objects.update(claimed_until=None)  # the leases end, those of done messages, too

    def deliver(self, place: int) -> int:
        """Send the provider's event to our webhook."""
        event = self.provider.events[place]
        return self.post_event(event, self.provider.sign(event))

    def post_event(self, event: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature}
        post = partial(APIClient().post, "/api/v1/webhooks/payments/", content_type="application/json")
        return int(post(data=event, headers=headers).status_code)

    def learn(self, *, expiring: bool = False, giving_up: bool = False) -> None:
        """Take note of what happened by itself, and refuse what could not have."""
        for number, status in Order.objects.values_list("number", "status"):
            known = self.model.orders[number]
            if status == known.status:
                continue
            assert status in BY_ITSELF.get(known.status, set()), f"{number} went from {known.status} to {status}"
            intent = self.provider.intent_of(number)
            reasons = {
                "paid": intent is not None and intent["status"] in {"requires_capture", "succeeded"},
                "declined": intent is not None and intent["status"] == "requires_payment_method",
                "expired": expiring,
                "cancelled": giving_up and intent is None,
                "refunded": known.refundable == 0,
            }
            assert reasons[status], f"{number} became {status} while the provider had {intent}"
            self.model.move(number, status)

    @invariant()
    def everything_is_as_it_must_be(self) -> None:
        self.books_are_in_order()
        self.shelves_hold_what_we_believe()
        self.carts_hold_what_we_believe()
        self.orders_stand_where_we_believe()

    def books_are_in_order(self) -> None:
        assert check_books(at_rest=False) == []
        assert compare(self.provider.book.values(), at_rest=False) == []
        assert self.provider.complaints == []

    def shelves_hold_what_we_believe(self) -> None:
        stock = {row.product.sku: (row.on_hand, row.reserved) for row in Stock.objects.select_related("product")}
        stock.pop("CATALOGUE", None)
        assert stock == {sku: (self.model.on_hand(sku), self.model.reserved(sku)) for sku in GOODS}

    def carts_hold_what_we_believe(self) -> None:
        names = {f"{name}@example.com": name for name in BUYERS} | {_digest(self.token): "guest"}
        found = {
            (names[email or digest], sku): quantity
            for email, digest, sku, quantity in CartLine.objects.values_list(
                "cart__user__email", "cart__token_digest", "product__sku", "quantity"
            )
        }
        assert found == {(name, sku): units for name, cart in self.model.carts.items() for sku, units in cart.items()}

    def orders_stand_where_we_believe(self) -> None:
        found = dict(Order.objects.values_list("number", "status"))
        assert found == {number: order.status for number, order in self.model.orders.items()}
        for number in found:
            least, most = self.model.due(number)
            assert self.provider.kept_of(number) <= most
            if self.provider.kept_of(number) < least:
                raise AssertionError(f"{number}: the buyer got back more than was promised")

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            assert check_books(at_rest=True) == []
            assert compare(self.provider.book.values(), at_rest=True) == []
            for number, order in self.model.orders.items():
                assert self.provider.kept_of(number) == self.model.due(number)[0], f"{number} is {order.status}"
            letters = sorted(letter.subject.rpartition(" ")[2] for letter in mail.outbox)
            told = [number for number, order in self.model.orders.items() if order.was_paid]
            told += [number for number, order in self.model.orders.items() if order.parcel in {"shipped", "delivered"}]
            assert letters == sorted(told)
        finally:
            self.behind.stop()

    def come_to_rest(self) -> None:
        """Let everything that is under way end. Late requests land as late as they can: after all voids were done."""
        payments.reconcile(gateway=self.provider, now=timezone.now() + timedelta(seconds=60))
        self.learn()
        self.work_off()
        self.provider.land()
        for _ in range(3):  # an answer may ask for one more step
            self.work_off()
        self.pauses_pass()
        assert not any(self.perform(message_id, "fair") for message_id in self.published), "done twice"
        self.learn()

    def work_off(self) -> None:
        for place in range(self.delivered, len(self.provider.events)):
            self.deliver(place)
        self.delivered = len(self.provider.events)
        outbox.replay(list(OutboxMessage.objects.dead().values_list("pk", flat=True)))
        self.pauses_pass()
        self.queue.clear()
        self.relay()
        for message_id in self.queue:
            self.perform(message_id, "fair")


def empty_the_shop() -> None:
    """Each example begins with nothing. TRUNCATE, since no row trigger and no order of foreign keys gets in its way."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {ALL_TABLES} CASCADE")
    mail.outbox.clear()


def client_of(user: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user, ['pwd', 'otp'])}")
    return client
