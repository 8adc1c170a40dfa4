"""The shells that Celery runs: each hands one message, or the clock, to the core; and the answer waits for neither."""

from uuid import uuid4

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from accounts.models import User
from orders import idempotency, tasks
from orders.models import IdempotencyKey, Order, OutboxMessage
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered


@pytest.fixture
def order(alice: User, provider: FakeGateway) -> Order:
    return ordered(alice, provider)


def message(topic: str) -> OutboxMessage:
    return OutboxMessage.objects.get(topic=topic)


@pytest.mark.roadmap("messaging/why-async")
def test_answer_waits_for_neither_mail_nor_capture(order: Order) -> None:
    assert (order.status, order.payment.status) == ("paid", "authorized")
    assert django_mail.outbox == []
    assert set(OutboxMessage.objects.waiting().values_list("topic", flat=True)) == {
        "mail.order_confirmation",
        "payment.capture",
    }


@pytest.mark.roadmap("messaging/background-workers", "messaging/idempotent-tasks-and-retries")
def test_each_task_run_twice_does_its_work_once(order: Order, provider: FakeGateway) -> None:
    for _ in range(2):
        tasks.deliver_mail.apply([str(message("mail.order_confirmation").pk)], throw=True)
        tasks.move_money.apply([str(message("payment.capture").pk)], throw=True)

    assert [letter.subject for letter in django_mail.outbox] == [f"Your order {order.number}"]
    assert list(provider.book.values()) == ["taken"]
    assert fresh(order).payment.status == "captured"


def test_message_that_nobody_wrote_is_left_alone(db: None) -> None:
    tasks.deliver_mail.apply([str(uuid4())], throw=True)

    assert django_mail.outbox == []


@pytest.mark.roadmap("messaging/background-workers")
def test_clock_forgets_old_keys(order: Order) -> None:
    IdempotencyKey.objects.update(created_at=timezone.now() - 2 * idempotency.KEPT_FOR)

    tasks.forget_old_keys.apply(throw=True)

    assert not IdempotencyKey.objects.exists()
