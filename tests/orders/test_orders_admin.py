"""Orders in the admin: to look at; the one thing that can be done is to give dead messages a new life."""

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders.models import Order, OutboxMessage
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered


@pytest.fixture
def office(carol: User) -> Client:
    client = Client()
    client.force_login(carol)
    return client


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_carol_replays_dead_messages_and_no_others(office: Client) -> None:
    dead = OutboxMessage.objects.create(topic="mail.test", payload={}, dead_at=Now(), attempts=24)
    done = OutboxMessage.objects.create(topic="mail.test", payload={}, done_at=Now(), attempts=1)
    chosen = {"action": "replay", "_selected_action": [dead.pk, done.pk]}

    answer = office.post(reverse("admin:orders_outboxmessage_changelist"), chosen, follow=True)

    assert "1 messages will be tried again." in answer.content.decode()
    assert list(OutboxMessage.objects.waiting()) == [dead]


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_nobody_writes_orders_by_hand(office: Client, alice: User, gateway: FakeGateway, verb: str) -> None:
    order = ordered(alice, gateway)
    arguments = [] if verb == "add" else [order.pk]

    answer = office.post(reverse(f"admin:orders_order_{verb}", args=arguments), {"status": "refunded", "post": "yes"})

    assert answer.status_code == 403
    assert Order.objects.get().status == "paid"
