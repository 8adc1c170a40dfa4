"""A message that the broker delivers twice, to two workers at once: one letter."""

from functools import partial

import pytest
from django.core import mail

from accounts.models import User
from orders import outbox
from orders.mail import send_confirmation
from orders.models import OutboxMessage
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def message(alice: User, gateway: FakeGateway, transactional_db: None) -> OutboxMessage:
    """The confirmation of an order that alice has just paid."""
    cart_of(alice, (product(), 1))
    press(alice, gateway)
    return OutboxMessage.objects.get(topic="mail.order_confirmation")


def deliver_twice(message: OutboxMessage) -> list[bool]:
    consumers = {message.topic: lambda payload: send_confirmation(payload["order"])}
    return queued([message], *2 * [partial(outbox.perform, message.pk, consumers)])


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries", "commerce/transactional-email")
def test_message_delivered_twice_at_once_is_one_letter(message: OutboxMessage) -> None:
    assert deliver_twice(message) == [True, False]

    assert len(mail.outbox) == 1


def test_without_the_claim_it_is_two(message: OutboxMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_claim(monkeypatch)

    deliver_twice(message)

    assert len(mail.outbox) == 2
