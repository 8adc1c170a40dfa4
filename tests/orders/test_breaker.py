"""The circuit breaker by a clock of ours, in Redis and without: closed, open, half-open, and who may try."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
import stripe
from django.conf import settings

from deploy.embedded.ports import free_port
from orders.breaker import CALM, FAILURES, OPEN_FOR, REDIS_AWAY, Breaker, BreakerOpen

NOBODY = "redis://127.0.0.1:1/0"


class Clock:
    """Stands still until told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Shared:
    """A breaker's name in the real Redis, and time that passes there when told to: what expires, is deleted."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self.redis = redis.Redis.from_url(settings.REDIS_URL)

    def breaker(self) -> Breaker:
        return Breaker(self.name, settings.REDIS_URL)

    def expire(self) -> None:
        assert 0 < self.redis.ttl(f"breaker:{self.name}:open") <= OPEN_FOR
        self.redis.delete(f"breaker:{self.name}:open")


@pytest.fixture
def shared() -> Iterator[Shared]:
    made = Shared()
    yield made
    made.redis.close()


def broken() -> None:
    raise stripe.APIConnectionError("no answer")


def declined() -> None:
    raise stripe.CardError("no", None, "card_declined")


def key_in_use() -> None:
    raise stripe.APIError("another request with this key is running", http_status=409)


def call(breaker: Breaker, action: Callable[[], object], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(stripe.StripeError):
            breaker.call(action)


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_opens_after_five_failures_and_closes_after_a_successful_trial() -> None:
    clock = Clock()
    breaker = Breaker("payments", NOBODY, clock=clock)

    call(breaker, broken, FAILURES)
    with pytest.raises(BreakerOpen):
        breaker.call(lambda: "never called")
    clock.now += OPEN_FOR

    assert not breaker.is_open()
    assert breaker.call(lambda: "called") == "called"
    call(breaker, broken, FAILURES - 1)
    assert not breaker.is_open()


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_failed_trial_opens_again() -> None:
    clock = Clock()
    breaker = Breaker("payments", NOBODY, clock=clock)
    call(breaker, broken, FAILURES)
    clock.now += OPEN_FOR

    call(breaker, broken)

    assert breaker.is_open()


def test_refusal_is_an_answer_and_no_failure() -> None:
    breaker = Breaker("payments", NOBODY, clock=Clock())

    call(breaker, broken, FAILURES - 1)
    call(breaker, declined)
    call(breaker, broken, FAILURES - 1)

    assert not breaker.is_open()


def test_key_in_use_is_an_answer_and_no_failure() -> None:
    breaker = Breaker("payments", NOBODY, clock=Clock())

    call(breaker, key_in_use, FAILURES)

    assert not breaker.is_open()


def test_what_a_process_counted_alone_is_forgotten_when_redis_answers_again(shared: Shared) -> None:
    clock = Clock()
    breaker = Breaker(shared.name, settings.REDIS_URL, clock=clock)
    in_redis, nobody = breaker._shared, Breaker(shared.name, NOBODY)._shared

    for tally in (nobody, in_redis, nobody):
        breaker._shared = tally
        clock.now += REDIS_AWAY
        call(breaker, broken, FAILURES - 1 if tally is nobody else 1)

    assert not breaker.is_open()


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_what_one_process_counts_opens_the_breaker_of_another(shared: Shared) -> None:
    one, other = shared.breaker(), shared.breaker()

    call(one, broken, 3)
    call(other, broken, 2)

    assert one.is_open()
    assert other.is_open()


@pytest.mark.roadmap("architecture/circuit-breaker")
@pytest.mark.parametrize("processes", [1, 4])
def test_only_one_caller_tries_a_half_open_breaker(shared: Shared, processes: int) -> None:
    breakers = [shared.breaker() for _ in range(processes)]
    call(breakers[0], broken, FAILURES)
    shared.expire()
    calls, all_have_asked = [], threading.Event()

    def ask(number: int) -> bool:
        try:
            breakers[number % processes].call(lambda: (calls.append(number), all_have_asked.wait(5)))
        except BreakerOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, number) for number in range(8)]
        while sum(question.done() for question in asked) < 7:
            all_have_asked.wait(0.01)
        assert breakers[0].is_open()  # for everybody else, until the trial is over
        all_have_asked.set()

    assert (len(calls), sum(question.result() for question in asked)) == (1, 1)
    assert not breakers[0].is_open()


def test_failures_of_other_processes_are_noticed_a_tenth_of_a_second_later(shared: Shared) -> None:
    clock = Clock()
    one, other = shared.breaker(), Breaker(shared.name, settings.REDIS_URL, clock=clock)
    assert not other.is_open()

    call(one, broken, FAILURES)

    assert not other.is_open()
    clock.now += CALM
    assert other.is_open()


def test_redis_that_is_away_is_asked_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    breaker = Breaker("payments", f"redis://127.0.0.1:{free_port()}/0", clock=clock)

    for _ in range(100):
        breaker.call(lambda: None)
    assert len(caplog.records) == 1
    clock.now += 1
    breaker.call(lambda: None)

    assert len(caplog.records) == 2
    assert "in this process only" in caplog.text
    assert "Traceback" not in caplog.text
