"""Messages that travel together: which do, that each ends as if it had come alone, and that none holds up the rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import trail
from orders import outbox, tasks
from orders.models import OutboxMessage
from orders.outbox import work

pytestmark = pytest.mark.django_db
Sent = list[list[UUID]]
TOPIC = "payment.capture"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(work, "PATIENCE", 60.0)


def written(count: int, topic: str = TOPIC, **fields: Any) -> list[UUID]:
    """So many messages, numbered, the first of which was due first."""
    day_ago = timezone.now() - timedelta(days=1)
    times = [day_ago + timedelta(seconds=n) for n in range(count)]
    rows = OutboxMessage.objects.bulk_create(
        OutboxMessage(topic=topic, payload={"n": n}, created_at=at, due_at=at, **fields) for n, at in enumerate(times)
    )
    return [row.pk for row in rows]


def published() -> Sent:
    sent: Sent = []
    outbox.publish_due(lambda ids, topic: sent.append(list(ids)))
    return sent


def state(*fields: str) -> list[tuple[Any, ...]]:
    return list(OutboxMessage.objects.order_by("payload__n").values_list(*fields))


@pytest.mark.roadmap("messaging/transactional-outbox")
def test_fresh_messages_of_a_quick_kind_travel_together_oldest_first() -> None:
    ids = written(100)

    groups = published()

    assert [message_id for group in groups for message_id in group] == ids
    assert {len(group) for group in groups} == {13, 9}  # shared out among eight tasks


def test_a_few_are_shared_out_among_all_workers() -> None:
    written(3)

    assert [len(group) for group in published()] == [1, 1, 1]


def test_the_more_wait_the_more_travel_together_up_to_a_bound() -> None:
    written(200)

    assert [len(group) for _ in range(2) for group in published()] == 7 * [13] + [9] + 4 * [25]
    assert outbox.MOST_TOGETHER["payment"] == 25


@pytest.mark.parametrize("topic", ["mail.order_confirmation", "webhook.delivery", "image.uploaded", "stock.import"])
def test_what_waits_for_strangers_or_takes_long_travels_alone(topic: str) -> None:
    written(20, topic)

    assert {len(group) for group in published()} == {1}


@pytest.mark.parametrize("begun", [{"publications": 1}, {"attempts": 1}])
def test_what_may_have_killed_its_worker_or_has_failed_travels_alone(begun: dict[str, int]) -> None:
    written(20, **begun)

    assert {len(group) for group in published()} == {1}


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_dead_that_are_replayed_travel_alone_also_after_the_broker_refused_them() -> None:
    """They may be dead because they kill: in a group their attempts would not be counted before they begin."""
    ids = written(20, dead_at=timezone.now(), attempts=outbox.MOST_ATTEMPTS)

    def away(*_: Any) -> None:
        raise ConnectionError("broker away")

    assert outbox.replay(ids) == 20
    assert outbox.publish_due(away) == 0
    OutboxMessage.objects.update(due_at=timezone.now() - timedelta(days=1))

    assert [len(group) for group in published()] == 20 * [1]
    assert set(state("attempts")) == {(0,)}


def test_of_groups_that_the_broker_refuses_all_come_back() -> None:
    ids = written(20)
    sent: Sent = []

    def away_after_one(group: Any, topic: str) -> None:
        if sent:
            raise ConnectionError("broker away")
        sent.append(list(group))

    assert outbox.publish_due(away_after_one) == 3

    assert sent == [ids[:3]]
    assert state("publications") == 3 * [(1,)] + 17 * [(0,)]


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_group_costs_two_statements_and_each_message_is_acted_on_once() -> None:
    ids, acted = written(25), list[Any]()

    with CaptureQueriesContext(connection) as asked:
        assert outbox.perform_together(ids, {TOPIC: acted.append}) == 25
    assert outbox.perform_together(ids, {TOPIC: acted.append}) == 0

    assert len(asked) == 2
    assert acted == [{"n": n} for n in range(25)]
    assert {(done_at is not None, attempts) for done_at, attempts in state("done_at", "attempts")} == {(True, 1)}


def test_one_that_fails_is_written_down_alone_and_the_others_are_done() -> None:
    ids = written(3)

    def fails_once(payload: Any) -> None:
        if payload["n"] == 1:
            raise ValueError("no such order")

    assert outbox.perform_together(ids, {TOPIC: fails_once}) == 2

    errors = [(done_at is not None, error) for done_at, error in state("done_at", "error")]
    assert errors == [(True, ""), (False, "ValueError: no such order"), (True, "")]
    assert state("attempts", "publications", "claimed_until")[1] == (1, 0, None)


@pytest.mark.parametrize("ends", [SoftTimeLimitExceeded, TimeoutError])
def test_one_that_hangs_until_it_is_interrupted_fails_and_the_rest_goes_back_at_once(
    ends: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(20)
    (first, *_) = published()
    acted: list[int] = []

    def hangs(payload: Any) -> None:
        monkeypatch.setattr(work, "monotonic", lambda: float("inf"))
        acted.append(payload["n"])
        raise ends

    assert outbox.perform_together(first, {TOPIC: hangs}) == 0

    assert acted == [0]
    assert state("attempts", "publications", "claimed_until")[:3] == [(1, 0, None), (0, 0, None), (0, 0, None)]
    again = {message_id for group in published() for message_id in group}
    assert again == set(first[1:])


class Killed(BaseException):
    """As if the process were gone, but for what Python still does on its way out."""


def test_interruption_loses_neither_what_is_done_nor_what_is_not_begun() -> None:
    ids = written(3)

    def dies_at_the_second(payload: Any) -> None:
        if payload["n"] == 1:
            raise Killed

    with pytest.raises(Killed):
        outbox.perform_together(ids, {TOPIC: dies_at_the_second})

    rows = [(done_at is not None, until is not None) for done_at, until in state("done_at", "claimed_until")]
    assert rows == [(True, True), (False, True), (False, False)]
    assert state("attempts") == [(1,), (0,), (0,)]


def test_what_was_begun_meanwhile_is_left_to_its_own_publication() -> None:
    ids, acted = written(3), list[Any]()
    OutboxMessage.objects.filter(pk=ids[1]).update(attempts=3)

    assert outbox.perform_together(ids, {TOPIC: acted.append}) == 2

    assert acted == [{"n": 0}, {"n": 2}]
    assert state("attempts", "claimed_until")[1] == (3, None)


def test_what_is_given_back_late_stays_with_whoever_took_it_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was frozen for longer than its lease wakes up."""
    ids = written(2)
    later = timezone.now() + timedelta(hours=1)

    def freezes(payload: Any) -> None:
        OutboxMessage.objects.update(claimed_until=later)
        monkeypatch.setattr(work, "monotonic", lambda: float("inf"))

    outbox.perform_together(ids, {TOPIC: freezes})

    assert state("claimed_until")[1] == (later,)


def test_what_ends_well_is_written_down_soon_where_each_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, clock = written(3), iter(range(100))
    monkeypatch.setattr(work, "monotonic", lambda: float(next(clock)))
    done: list[int] = []

    outbox.perform_together(ids, {TOPIC: lambda _: done.append(OutboxMessage.objects.waiting().count())})

    assert done == [3, 2, 1]


@pytest.mark.roadmap("observability/correlation-ids")
def test_each_message_is_worked_on_under_the_id_of_the_request_that_caused_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = [written(1, context={"request_id": name})[0] for name in ("one", "two")]
    heard: list[str] = []

    outbox.perform_together(ids, {TOPIC: lambda _: heard.append(trail.request_id.get())})

    assert heard == ["one", "two"]
    assert trail.request_id.get() == trail.NO_REQUEST
    assert [entry.getMessage() for entry in caplog.records if entry.name == "shop.task"] == 2 * [f"{TOPIC} done"]


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the consumer of captures is told."""
    told: list[Any] = []
    consumer: Callable[[Any], None] = told.append
    monkeypatch.setitem(tasks.CONSUMERS, TOPIC, consumer)
    return told


def test_task_carries_one_message_or_several(acted: list[Any]) -> None:
    alone, *others = written(3)

    tasks.move_money.apply([str(alone)], throw=True)
    tasks.move_money.apply([str(message_id) for message_id in others], throw=True)

    assert acted == [{"n": 0}, {"n": 1}, {"n": 2}]
