"""A worker's database connection: kept from task to task, and never a dead one."""

from collections.abc import Iterator

import psycopg
import pytest
from celery import signals
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from config.celery import app

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.roadmap("messaging/background-workers")]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a worker, whose process has no pool."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()
    yield
    connection.close()


def end_of_a_task() -> None:
    DjangoWorkerFixup(app).close_database()


def begin_of_a_task() -> None:
    signals.task_prerun.send(sender=None)


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_worker_takes_the_pool_out_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "pool", {"min_size": 1})

    signals.worker_init.send(sender=None)

    assert "pool" not in connection.settings_dict["OPTIONS"]
    assert connection.settings_dict["CONN_MAX_AGE"] == 60


def test_connection_outlives_a_task() -> None:
    before = backend()

    end_of_a_task()
    begin_of_a_task()

    assert backend() == before


def test_connection_that_died_between_two_tasks_is_replaced() -> None:
    before = backend()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [before])

    begin_of_a_task()

    assert backend() != before
