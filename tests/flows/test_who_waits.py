"""For whom a buyer waits: for the bank, which is asked, and for nobody who is only told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from orders import gateways
from orders.models import OutboxMessage, Payment
from orders.outcomes import Outcome
from orders.webhooks import subscriptions
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS
from tests.orders.webhooks.receiver import receiver

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.roadmap("architecture/service-communication", "architecture/event-driven"),
]
SOON = 30


class Thoughtful(FakeGateway):
    """A bank that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = Event(), Event()

    def authorize(self, payment: Payment) -> Outcome:
        self.asked.set()
        assert self.may_answer.wait(SOON)
        return super().authorize(payment)


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Thoughtful:
    made = Thoughtful()
    monkeypatch.setattr(gateways, "configured", lambda: made)
    return made


@pytest.fixture
def press(alice: User, api: Callable[..., APIClient]) -> Callable[[], Any]:
    """Alice buys a desk; fit for a thread of its own."""
    cart_of(alice, (product(stocked=5), 1))
    client = api(alice)

    def press_once() -> Any:
        body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
        try:
            return client.post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "key"})
        finally:
            connection.close()

    return press_once


@pytest.fixture
def hanging(carol: User) -> Iterator[list[Any]]:
    """The calls of a merchant's system that never answers, and that wants to hear of everything."""
    with receiver() as merchant:
        merchant.answer = lambda line: None
        subscriptions.subscribe(carol, url=merchant.url, events=["order.paid", "stock.low"])
        yield merchant.calls


def test_buyer_waits_for_the_bank(bank: Thoughtful, press: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as buyer:
        answer = buyer.submit(press)
        assert bank.asked.wait(SOON)

        assert not answer.done()
        bank.may_answer.set()

    assert answer.result().status_code == 201


def test_buyer_waits_for_nobody_who_is_only_told(
    bank: Thoughtful, press: Callable[[], Any], hanging: list[Any]
) -> None:
    bank.may_answer.set()

    answer = press()

    assert (answer.status_code, hanging, mail.outbox) == (201, [], [])
    assert set(OutboxMessage.objects.waiting().values_list("topic", flat=True)) == {
        "mail.order_confirmation", "payment.capture", "webhook.event", "webhook.stock",
    }  # fmt: skip
