"""A task whose time is up is interrupted wherever it is: it ends there, and what it held is let go."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Timer
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from orders.breaker import Breaker
from orders.gateways import StripeGateway
from orders.models import Payment

Interrupt = Callable[[float], None]


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
