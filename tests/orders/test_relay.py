"""The relay as the process that it is: it publishes, rests, survives a broker that is away, and stops when told."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from orders.management.commands import relay
from orders.models import OutboxMessage

ROOT = Path(__file__).resolve().parents[2]
BROKER = settings.REDIS_URL.rsplit("/", 1)[0] + "/9"


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """The broker's database of this test, empty before and after."""
    client = redis.Redis.from_url(BROKER)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


def start_relay(broker: str) -> subprocess.Popen[str]:
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    environment = {**os.environ, "DATABASE_URL": url, "CELERY_BROKER_URL": broker, "LOG_LEVEL": "INFO"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.Popen(
        [sys.executable, "manage.py", "relay"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )


def stop(process: subprocess.Popen[str], number: signal.Signals) -> str:
    process.send_signal(number)
    return process.communicate(timeout=10)[1]


@pytest.mark.roadmap("messaging/transactional-outbox", "messaging/broker-roles")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_committed_message_reaches_its_queue_and_the_relay_stops_when_told(
    transactional_db: None, queue: redis.Redis, number: signal.Signals
) -> None:
    OutboxMessage.objects.create(topic="mail.order_confirmation", payload={"order": 1})
    OutboxMessage.objects.create(topic="payment.capture", payload={"order": 1})
    process = start_relay(BROKER)
    until = time.monotonic() + 20
    while queue.llen("mail") + queue.llen("payments") < 2 and time.monotonic() < until:
        time.sleep(0.05)

    said = stop(process, number)

    assert (queue.llen("mail"), queue.llen("payments"), process.returncode) == (1, 1, 0)
    assert "relay stopped" in said


def test_relay_ends_in_the_middle_of_a_rest(transactional_db: None) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        call_command("relay")
    finally:
        timer.join()
        for number, handler in before.items():
            signal.signal(number, handler)

    assert not timer.is_alive()


def test_round_rests_when_there_is_nothing_to_do(transactional_db: None) -> None:
    assert relay._round() == relay.IDLE


def test_round_waits_for_a_database_that_is_away(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> int:
        raise DatabaseError("gone")

    monkeypatch.setattr(relay.outbox, "publish_due", away)

    assert relay._round() == relay.AWAY
