"""A task runs under the id of the request that caused it, through a real broker's message, and leaves one line."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from accounts import trail
from config.logs import tasks
from tests.config.logs.conftest import Entries

app = Celery("lines", broker="memory://", set_as_current=False, fixups=[])  # no second django.setup()
app.conf.task_ignore_result = True
heard: list[str] = []


@app.task(name="listen")
def listen() -> None:
    heard.append(trail.request_id.get())


@app.task(name="fail")
def fail() -> None:
    raise ValueError("no such desk")


@pytest.fixture(autouse=True)
def silence() -> None:
    heard.clear()


@pytest.fixture
def worker() -> Iterator[Any]:
    """A worker in a thread of this process."""
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20) as running:
        yield running


@pytest.mark.roadmap("observability/correlation-ids", "observability/what-to-log")
def test_task_runs_under_the_id_of_its_request_and_says_so_once(entries: Entries) -> None:
    worker = start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20)
    with worker, trail.resumed({"request_id": "request-42"}):
        listen.delay()
        fail.delay()

    assert heard == ["request-42"]
    told = [(e["level"], e["task"], e["state"], e["request_id"]) for e in entries("shop.task")]
    assert told == [("INFO", "listen", "SUCCESS", "request-42"), ("INFO", "fail", "FAILURE", "request-42")]
    [stack] = [entry for entry in entries() if "traceback" in entry]
    assert (stack["level"], stack["request_id"]) == ("ERROR", "request-42")
    assert tasks.running == {}


def test_clocks_task_runs_under_an_id_of_its_own_and_is_told_at_debug(worker: Any, entries: Entries) -> None:
    listen.delay()
    while not entries("shop.task"):
        pass

    [line] = entries("shop.task")
    assert line["request_id"] == line["task_id"] == heard[0]
    assert line["level"] == "DEBUG"


def test_thread_forgets_the_id_after_the_task() -> None:
    with trail.resumed({"request_id": "request-42"}):
        listen.apply()
        assert trail.request_id.get() == "request-42"
    assert trail.request_id.get() == trail.NO_REQUEST
