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


def group_twice(messages: list[OutboxMessage]) -> tuple[list[int], list[object]]:
    """Two workers are handed the same messages, in opposite order; how many each finished, and what was acted on."""
    acted: list[object] = []
    consumers = {message.topic: acted.append for message in messages}
    ids = [message.pk for message in messages]
    workers = [partial(outbox.perform_together, order, consumers) for order in (ids, ids[::-1])]
    return queued(messages, *workers), acted


@pytest.fixture
def group(transactional_db: None) -> list[OutboxMessage]:
    return [OutboxMessage.objects.create(topic="payment.event", payload={"n": n}) for n in range(3)]


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_group_delivered_twice_at_once_is_acted_on_once(group: list[OutboxMessage]) -> None:
    finished, acted = group_twice(group)

    assert (finished, len(acted)) == ([3, 0], 3)


def test_without_the_claim_the_group_is_acted_on_twice(
    group: list[OutboxMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_claim(monkeypatch)

    _, acted = group_twice(group)

    assert len(acted) == 6
