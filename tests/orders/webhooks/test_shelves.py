"""A shelf that runs low is told once for each fall, however late, often and out of order the messages come."""

import inspect
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from accounts.models import User
from orders import book, checkout, outbox, settlement
from orders.idempotency import Request
from orders.models import OutboxMessage, WebhookDelivery
from orders.tasks import CONSUMERS
from orders.webhooks import shelves, subscriptions
from shop import ledger, stock
from shop.models import Product
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import PURCHASE, render
from tests.orders.webhooks.receiver import Receiver
from tests.orders.webhooks.rounds import run_webhooks

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("architecture/event-driven")]
Sell = Callable[..., None]


@pytest.fixture
def desk(db: None) -> Product:
    return product(sku="DESK", stocked=6)


@pytest.fixture
def sell(alice: User, gateway: FakeGateway) -> Sell:
    """`sell((desk, 2))` to alice."""

    def press(*lines: tuple[Product, int]) -> None:
        cart_of(alice, *lines)
        request = Request(alice.pk, str(uuid4()), "fingerprint")
        checkout.place_order(request=request, purchase=PURCHASE, gateway=gateway, render=render)

    return press


@pytest.fixture
def buyer_for_the_shop(carol: User, merchant: Receiver) -> Receiver:
    """A merchant's system that orders more in time."""
    subscriptions.subscribe(carol, url=merchant.url, events=["stock.low"])
    return merchant


def told() -> list[Any]:
    """What was announced, oldest first."""
    bodies = WebhookDelivery.objects.filter(type="stock.low").order_by("created_at").values_list("body", flat=True)
    return [json.loads(body)["data"] for body in bodies]


@transaction.atomic
def bring(desk: Product, units: int) -> None:
    stock.receive(product_id=desk.pk, quantity=units, reference="note 7")


@transaction.atomic
def count(desk: Product, units: int) -> None:
    shelves.correct(product_id=desk.pk, on_hand=units, reference="counted")


def test_each_fall_below_the_mark_is_told_once(desk: Product, sell: Sell, buyer_for_the_shop: Receiver) -> None:
    sell((desk, 2))
    sell((desk, 1))
    run_webhooks()
    assert [json.loads(call.body)["data"] for call in buyer_for_the_shop.calls] == told()
    assert told() == [{"sku": "DESK", "on_hand": 4, "below": 5}]

    bring(desk, 2)
    sell((desk, 4))
    run_webhooks()

    assert [fall["on_hand"] for fall in told()] == [4, 1]


def three_sales_looked_at_backwards_and_twice(desk: Product, sell: Sell) -> None:
    for _ in range(3):
        sell((desk, 1))
    messages = OutboxMessage.objects.filter(topic="webhook.stock")
    for _ in range(2):
        for message in messages.order_by("-created_at", "-id"):
            outbox.perform(message.pk, CONSUMERS)
        messages.update(done_at=None, claimed_until=None)


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_messages_that_come_late_twice_and_out_of_order_make_one_event(
    desk: Product, sell: Sell, buyer_for_the_shop: Receiver
) -> None:
    three_sales_looked_at_backwards_and_twice(desk, sell)

    assert [fall["on_hand"] for fall in told()] == [4]


def test_who_looks_at_the_shelf_instead_of_the_ledger_misses_the_fall(
    desk: Product, sell: Sell, buyer_for_the_shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "WALK", ledger.WALK.replace("- walk.since", ""))

    three_sales_looked_at_backwards_and_twice(desk, sell)

    assert told() == []


def test_count_can_be_the_fall_and_a_count_that_finds_more_is_none(desk: Product, buyer_for_the_shop: Receiver) -> None:
    for units in (4, 4, 3, 9, 5, 2):
        count(desk, units)
    run_webhooks()

    assert [fall["on_hand"] for fall in told()] == [4, 2]


def test_order_that_empties_two_shelves_tells_of_both(desk: Product, sell: Sell, buyer_for_the_shop: Receiver) -> None:
    lamp, stool = product(sku="LAMP", stocked=5), product(sku="STOOL", stocked=9)

    sell((desk, 6), (lamp, 1), (stool, 1))
    run_webhooks()

    assert sorted((fall["sku"], fall["on_hand"]) for fall in told()) == [("DESK", 0), ("LAMP", 4)]


def test_shop_without_a_mark_tells_of_nothing(
    desk: Product, sell: Sell, buyer_for_the_shop: Receiver, settings: Any
) -> None:
    settings.LOW_STOCK_BELOW = 0

    sell((desk, 6))
    run_webhooks()

    assert told() == []


def test_new_listener_is_a_row_and_no_line_of_the_purchase(
    desk: Product, sell: Sell, carol: User, merchant: Receiver
) -> None:
    for events in (["order.paid"], ["order.paid", "stock.low"]):
        subscriptions.subscribe(carol, url=merchant.url, events=events)

    sell((desk, 2))
    run_webhooks()

    assert sorted(json.loads(call.body)["type"] for call in merchant.calls) == ["order.paid", "order.paid", "stock.low"]
    assert not [module for module in (book, checkout, settlement) if "orders.webhooks" in inspect.getsource(module)]


def test_nothing_is_written_down_while_nobody_listens(desk: Product, sell: Sell) -> None:
    sell((desk, 3))
    count(desk, 1)

    assert not OutboxMessage.objects.filter(topic__startswith="webhook.").exists()
