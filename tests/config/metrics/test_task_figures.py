"""Every task is counted with its time, its waiting and its end; a worker that listens says so."""

import time
from typing import Any

import pytest
from celery import Celery, shared_task

from config.celery import app
from config.metrics import server, tasks
from tests.figures import Gained, page, value


@shared_task(name="tests.lift")
def lift(*, fails: bool = False) -> None:
    """Works for a moment."""
    time.sleep(0.02)
    if fails:
        raise OSError("too heavy")


@pytest.mark.roadmap("observability/apm-signals", "messaging/queue-monitoring")
def test_task_is_counted_with_its_time_and_its_end() -> None:
    gained = Gained()

    lift.apply()
    lift.apply(kwargs={"fails": True})

    assert gained("shop_tasks_total", task="tests.lift", outcome="done") == 1
    assert gained("shop_tasks_total", task="tests.lift", outcome="failed") == 1
    assert gained("shop_task_duration_seconds_sum", task="tests.lift") >= 0.04


@pytest.mark.roadmap("messaging/queue-monitoring")
def test_message_carries_when_it_was_sent_and_the_task_how_long_it_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    memory = Celery("tests", broker="memory://", set_as_current=False)
    with memory.connection() as line, line.Consumer([memory.amqp.queues["celery"]], callbacks=[]) as consumer:
        consumer.on_message = lambda message: sent.append(message.headers)
        memory.send_task("tests.lift", connection=line)
        line.drain_events(timeout=2)
    gained = Gained()

    lift.push_request(sent_at=sent[0]["sent_at"] - 3)
    tasks.began(lift)
    lift.pop_request()

    assert gained("shop_task_wait_seconds_count", task="tests.lift") == 1
    assert 3 <= gained("shop_task_wait_seconds_sum", task="tests.lift") < 10


def test_task_that_nobody_was_free_for_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gained = Gained()

    tasks.revoked(sender=lift, expired=True)
    tasks.revoked(sender=lift, expired=False)

    assert gained("shop_tasks_total", task="tests.lift", outcome="expired") == 1
    assert gained("shop_tasks_total", task="tests.lift", outcome="failed") == 1


@pytest.mark.roadmap("messaging/queue-monitoring")
def test_worker_says_that_it_listens_and_opens_its_port_once_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(server, "start", lambda: started.append("started"))

    tasks.ready(sender=app)

    assert started == ["started"]
    assert abs(value(page(), "shop_worker_heartbeat_timestamp_seconds") - time.time()) < 5
