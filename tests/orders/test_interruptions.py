"""A task whose time is up is interrupted wherever it is: it ends there, and what it held is let go."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from threading import Timer
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection
from django.utils import timezone

from orders import outbox
from orders.breaker import Breaker
from orders.gateways import StripeGateway
from orders.models import OutboxMessage, Payment
from orders.outbox import claims, work

Interrupt = Callable[[float], None]
TOPIC = "payment.capture"


def raise_soft_limit(*_: object) -> None:
    raise SoftTimeLimitExceeded


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """After so many seconds, by a signal, as Celery does it."""
    timers: list[Timer] = []

    def after(seconds: float) -> None:
        timers.append(Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1)))
        timers[-1].start()

    before = signal.signal(signal.SIGUSR1, raise_soft_limit)
    yield after
    for timer in timers:
        timer.cancel()
        timer.join()
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def silent() -> Iterator[StripeGateway]:
    """A gateway to a provider that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as provider:
        base = f"http://127.0.0.1:{provider.getsockname()[1]}"
        breaker = Breaker(f"test-{uuid4()}", settings.REDIS_URL)
        yield StripeGateway(api_key="sk_test_silent", base=base, deadline=9, breaker=breaker)


@pytest.mark.roadmap("commerce/external-services", "messaging/background-workers")
def test_call_to_a_silent_provider_ends_when_it_is_interrupted(silent: StripeGateway, interrupt: Interrupt) -> None:
    """Stripe's library would take it for a failure of the network: the call would be made three times more."""
    payment = Payment(provider_id="pi_1", amount=Decimal("42.00"), currency="EUR")
    began = time.monotonic()
    interrupt(0.3)

    with pytest.raises(SoftTimeLimitExceeded):
        silent.capture(payment)

    assert time.monotonic() - began < 3


@pytest.fixture
def group(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[UUID]]:
    """Three messages, handed to a worker that is patient however busy the machine is."""
    monkeypatch.setattr(work, "PATIENCE", 60.0)
    day_ago = timezone.now() - timedelta(days=1)
    rows = [OutboxMessage(topic=TOPIC, payload={"n": n}, created_at=day_ago, due_at=day_ago) for n in range(3)]
    yield [row.pk for row in OutboxMessage.objects.bulk_create(rows)]
    connection.close()  # no other test is to find one that still waits


def ends() -> list[tuple[bool, int, bool]]:
    """Of each message whether it is done, its attempts, and whether a worker still holds it for itself."""
    rows = OutboxMessage.objects.order_by("payload__n").values_list("done_at", "attempts", "claimed_until")
    return [(done_at is not None, attempts, done_at is None and until is not None) for done_at, attempts, until in rows]


def wait_in_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")


@pytest.mark.roadmap("messaging/background-workers", "messaging/idempotent-tasks-and-retries")
def test_one_that_is_interrupted_in_a_statement_has_failed_and_the_others_are_written_down(
    group: list[UUID], interrupt: Interrupt
) -> None:
    """psycopg still waits for an answer to the statement, and takes no other one."""

    def hangs_at_the_second(payload: Mapping[str, Any]) -> None:
        if payload["n"] == 1:
            interrupt(0.3)
            wait_in_postgresql()

    assert outbox.perform_together(group, {TOPIC: hangs_at_the_second}) == 2

    assert ends() == [(True, 1, False), (False, 1, False), (True, 1, False)]


def test_one_alone_that_is_interrupted_in_a_statement_has_failed(group: list[UUID], interrupt: Interrupt) -> None:
    interrupt(0.3)

    assert not outbox.perform(group[0], {TOPIC: lambda _: wait_in_postgresql()})

    assert ends()[0] == (False, 1, False)


def test_what_is_not_begun_goes_back_even_if_what_is_done_cannot_be_written_down(
    group: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "finish", raise_soft_limit)
    monkeypatch.setattr(work, "UNWRITTEN", 0.0)

    with pytest.raises(SoftTimeLimitExceeded):
        outbox.perform_together(group, {TOPIC: lambda _: None})

    assert [is_held for *_, is_held in ends()] == [True, False, False]


def test_what_is_not_begun_goes_back_if_the_writing_itself_is_interrupted(
    group: list[UUID], interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_once(_: object) -> None:
        monkeypatch.undo()
        interrupt(0.3)
        wait_in_postgresql()

    monkeypatch.setattr(claims, "finish", interrupted_once)
    monkeypatch.setattr(work, "UNWRITTEN", 0.0)

    with pytest.raises(SoftTimeLimitExceeded):
        outbox.perform_together(group, {TOPIC: lambda _: None})

    assert ends() == [(True, 1, False), (False, 0, False), (False, 0, False)]
