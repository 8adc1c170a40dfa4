"""The outbox: published until done, worked on by one at a time, later after a failure, dead after too many."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts import trail
from orders import outbox
from orders.models import OutboxMessage

Sent = list[tuple[list[UUID], str]]
#: A test is one transaction, whose `now()` stands still at its beginning.
DUE = timezone.now() - timedelta(days=1)


@pytest.fixture
def message(db: None) -> OutboxMessage:
    return OutboxMessage.objects.create(topic="mail.test", payload={"n": 1}, due_at=DUE)


def again(message: OutboxMessage) -> OutboxMessage:
    message.refresh_from_db()
    return message


def pause(message: OutboxMessage) -> float:
    return (again(message).due_at - timezone.now()).total_seconds()


def failing(payload: Any) -> None:
    raise ValueError("mail server away")


@pytest.mark.roadmap("messaging/transactional-outbox")
@pytest.mark.roadmap("databases/postgresql")
def test_due_message_is_published_and_comes_due_again_until_it_is_done(message: OutboxMessage) -> None:
    sent: Sent = []

    assert outbox.publish_due(lambda *row: sent.append(row)) == 1
    assert outbox.publish_due(lambda *row: sent.append(row)) == 0

    assert sent == [([message.pk], "mail.test")]
    assert 10 < pause(message) <= 20
    OutboxMessage.objects.update(due_at=DUE)
    assert outbox.publish_due(lambda *row: sent.append(row)) == 1
    assert 30 < pause(message) <= 40


@pytest.mark.parametrize("field", ["done_at", "dead_at"])
def test_done_and_dead_messages_are_not_published(message: OutboxMessage, field: str) -> None:
    OutboxMessage.objects.update(**{field: Now()})

    assert outbox.publish_due(lambda *row: None) == 0


def test_broker_that_is_away_delays_but_loses_nothing(db: None) -> None:
    for _ in range(3):
        OutboxMessage.objects.create(topic="mail.test", payload={}, due_at=DUE)
    sent: Sent = []

    def away_after_one(*row: Any) -> None:
        if sent:
            raise ConnectionError("broker away")
        sent.append(row)

    assert outbox.publish_due(away_after_one) == 1
    left = OutboxMessage.objects.exclude(pk=sent[0][0][0])
    assert {row.publications for row in left} == {0}
    assert all(0 < pause(row) <= 1 for row in left)


def test_message_that_failed_while_the_broker_refused_it_is_given_back_all_the_same(message: OutboxMessage) -> None:
    """An earlier publication reached a worker, whose failure counts from nought again."""
    other = OutboxMessage.objects.create(topic="mail.test", payload={}, due_at=DUE + timedelta(seconds=1))

    def fails_and_is_refused(*row: Any) -> None:
        outbox.perform(message.pk, {"mail.test": failing})
        raise ConnectionError("broker away")

    assert outbox.publish_due(fails_and_is_refused) == 0

    assert [(again(row).publications, 0 < pause(row) <= 1) for row in (message, other)] == [(0, True), (0, True)]


def test_batch_is_bounded_and_oldest_first(db: None) -> None:
    made = [
        OutboxMessage.objects.create(topic="t", payload={}, due_at=timezone.now() - timedelta(s)) for s in (1, 3, 2)
    ]
    sent: Sent = []

    outbox.publish_due(lambda *row: sent.append(row), limit=2)

    assert [message_id for ids, _ in sent for message_id in ids] == [made[1].pk, made[2].pk]


def test_no_more_is_published_than_the_workers_get_through(db: None) -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(topic="t", payload={}, due_at=DUE) for _ in range(outbox.MOST_WAITING + 5)
    )
    sent: Sent = []

    while outbox.publish_due(lambda *row: sent.append(row)):
        pass

    assert len(sent) == outbox.MOST_WAITING
    OutboxMessage.objects.filter(pk__in=[message_id for ids, _ in sent[:5] for message_id in ids]).update(done_at=Now())
    assert outbox.publish_due(lambda *row: sent.append(row)) == 5


@pytest.mark.parametrize("plan", [(), ("enable_hashjoin", "enable_hashagg", "enable_material", "enable_sort")])
def test_no_plan_of_postgresql_publishes_more_than_it_may(db: None, plan: tuple[str, ...]) -> None:
    """It was seen to choose such a one by itself, on a table whose statistics were old."""
    OutboxMessage.objects.bulk_create(OutboxMessage(topic="t", payload={}, due_at=DUE) for _ in range(20))
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        for choice in plan:
            cursor.execute(f"SET LOCAL {choice} = off")

    assert outbox.publish_due(lambda *row: None, limit=7) == 7


def test_letters_that_wait_for_a_slow_mail_server_hold_up_no_money(db: None) -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(topic="mail.test", payload={}, publications=5, due_at=timezone.now() + timedelta(minutes=10))
        for _ in range(outbox.MOST_WAITING)
    )
    OutboxMessage.objects.create(topic="mail.test", payload={}, due_at=DUE)
    OutboxMessage.objects.create(topic="payment.capture", payload={}, due_at=DUE)
    sent: Sent = []

    assert outbox.publish_due(lambda *row: sent.append(row)) == 1

    assert [topic for _, topic in sent] == ["payment.capture"]


def test_what_an_emptied_broker_forgot_is_published_again_soon_however_often_it_was_before(
    message: OutboxMessage,
) -> None:
    for _ in range(8):
        OutboxMessage.objects.update(due_at=DUE)
        assert outbox.publish_due(lambda *row: None) == 1

    assert pause(message) <= 80


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_message_is_acted_on_once(message: OutboxMessage) -> None:
    acted: list[Any] = []

    assert outbox.perform(message.pk, {"mail.test": acted.append})
    assert not outbox.perform(message.pk, {"mail.test": acted.append})

    assert acted == [{"n": 1}]
    assert (again(message).attempts, again(message).done_at is not None) == (1, True)


def test_message_that_another_worker_holds_is_left_alone_until_its_lease_ends(message: OutboxMessage) -> None:
    acted: list[Any] = []
    OutboxMessage.objects.update(claimed_until=timezone.now() + timedelta(seconds=5))
    assert not outbox.perform(message.pk, {"mail.test": acted.append})

    OutboxMessage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert outbox.perform(message.pk, {"mail.test": acted.append})

    assert len(acted) == 1


@pytest.mark.parametrize(("attempts", "least", "most"), [(0, 0.7, 1.3), (3, 5.9, 10.1), (15, 440, 760)])
def test_failure_is_tried_again_later_and_later(
    message: OutboxMessage, attempts: int, least: float, most: float
) -> None:
    OutboxMessage.objects.update(attempts=attempts)

    assert not outbox.perform(message.pk, {"mail.test": failing})

    assert least < pause(message) < most
    assert again(message).error == "ValueError: mail server away"
    assert (message.claimed_until, message.publications) == (None, 0)


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_message_that_fails_too_often_dies_and_can_be_replayed(message: OutboxMessage) -> None:
    OutboxMessage.objects.update(attempts=outbox.MOST_ATTEMPTS - 1)
    outbox.perform(message.pk, {"mail.test": failing})
    assert list(OutboxMessage.objects.dead()) == [message]
    acted: list[Any] = []
    assert not outbox.perform(message.pk, {"mail.test": acted.append})

    assert outbox.replay([message.pk]) == 1
    assert outbox.perform(message.pk, {"mail.test": acted.append})

    assert acted == [{"n": 1}]
    assert not OutboxMessage.objects.waiting().exists()


def test_message_that_kills_its_worker_each_time_dies_too(message: OutboxMessage) -> None:
    OutboxMessage.objects.update(attempts=outbox.MOST_ATTEMPTS)
    acted: list[Any] = []

    assert not outbox.perform(message.pk, {"mail.test": acted.append})

    assert acted == []
    assert again(message).dead_at is not None


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
@pytest.mark.parametrize("attempts", [0, outbox.MOST_ATTEMPTS - 1])
def test_worker_that_was_frozen_for_longer_than_its_lease_leaves_the_message_to_who_holds_it_now(
    message: OutboxMessage, attempts: int
) -> None:
    """It wakes up and fails: to be written down as failed, or as dead, is for who works on it now."""
    OutboxMessage.objects.update(attempts=attempts)
    later, mourned = timezone.now() + timedelta(hours=1), list[Any]()

    def frozen(payload: Any) -> None:
        OutboxMessage.objects.update(claimed_until=later, attempts=attempts + 2)
        failing(payload)

    assert not outbox.perform(message.pk, {"mail.test": frozen}, mourners={"mail.test": mourned.append})

    row = again(message)
    assert (row.claimed_until, row.attempts, row.dead_at, row.error, mourned) == (later, attempts + 2, None, "", [])


def test_only_dead_messages_are_replayed(message: OutboxMessage) -> None:
    assert outbox.replay([message.pk]) == 0


def test_unknown_topic_fails_loudly(message: OutboxMessage) -> None:
    assert not outbox.perform(message.pk, {})

    assert again(message).error == "KeyError: 'mail.test'"
    assert str(message) == f"mail.test {message.pk}"


def test_message_is_published_and_worked_on_under_the_id_of_the_request_that_caused_it(db: None) -> None:
    with trail.resumed({"request_id": "request-42"}):
        outbox.post("mail.test", {}, due_at=DUE)
    heard: list[str] = []

    outbox.publish_due(lambda *_: heard.append(trail.request_id.get()))
    message = OutboxMessage.objects.get()
    outbox.perform(message.pk, {"mail.test": lambda _: heard.append(trail.request_id.get())})

    assert message.context == {"request_id": "request-42"}
    assert heard == ["request-42", "request-42"]
    assert trail.request_id.get() == trail.NO_REQUEST


def test_message_of_an_older_release_has_no_trail_and_is_worked_on_all_the_same(message: OutboxMessage) -> None:
    """Its INSERT names no such column; what the database puts there says nothing."""
    assert again(message).context == {}
    assert outbox.perform(message.pk, {"mail.test": lambda _: None})
