"""Redis is killed, emptied or frozen: it is the broker, the relay's only way out, and where the breaker counts."""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded import restart_redis, start_redis, stop_redis
from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd, Press, kinds, median
from tests.faults.mail_server import MailServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


@contextmanager
def shopping(crowd: Crowd, *, clients: int) -> Iterator[list[Press]]:
    """People buy while the block runs; afterwards the list holds every answer."""
    done, answers = threading.Event(), []
    with ThreadPoolExecutor(1) as thread:
        spree = thread.submit(crowd.buy_until, done, clients=clients)
        try:
            yield answers
        finally:
            done.set()
        answers += spree.result()


def outage(shop: Stack, crowd: Crowd, seconds: float, meanwhile: Callable[[], object]) -> list[Press]:
    """Redis is killed under load, something is done to it, and it comes back."""
    with shopping(crowd, clients=4) as answers:
        time.sleep(0.5)
        stop_redis(shop.directory, "kill")
        meanwhile()
        time.sleep(seconds)
        start_redis(shop.directory)
        time.sleep(0.5)
    return answers


def web_lines(shop: Stack) -> list[str]:
    return [line for name in ("web", "web.2") for line in shop[name].log.read_text().splitlines()]


def redis_folder(shop: Stack) -> Path:
    return shop.directory / "redis"


@pytest.mark.roadmap("messaging/transactional-outbox", "testing/message-queue-integration-tests")
def test_shop_sells_on_without_redis_and_catches_up_by_itself(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    before = Counter(web_lines(shop))

    answers = outage(shop, crowd, 3, lambda: None)
    drained = books.come_to_rest(30)

    said = Counter(web_lines(shop)) - before
    print(f"{kinds(answers)}, median {median(answers):.3f} s, drained {drained:.1f} s after the return")
    assert set(kinds(answers)) <= {"201", "202"}
    assert max(press.seconds for press in answers) < 2
    assert "Traceback" not in str(said)
    complaints = sum(times for line, times in said.items() if '"level": "INFO"' not in line)  # beside one per request
    assert complaints <= len(answers)
    assert all(mail_server.letters_about(press.number) for press in answers)


@pytest.mark.roadmap("messaging/background-workers")
def test_worker_that_is_busy_when_redis_crashes_goes_on_working(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    """Its child works while its parent waits for Redis: so it holds a message when the connection breaks."""
    mail_server.seconds = 8
    [answer] = crowd.buy(1, clients=1)
    assert wait_until(lambda: books.under_way() == {"messages waiting": 1} and mail_server.at_the_door == 1, 7)

    restart_redis(shop.directory, "kill")
    assert wait_until(lambda: not mail_server.at_the_door, 10)
    mail_server.be_kind()
    crowd.buy(1, clients=1)
    books.come_to_rest(45)  # celery's own class for the broker dies here and leaves everything undone

    assert len(mail_server.letters_about(answer.number)) == 1


@pytest.mark.roadmap("messaging/background-workers")
def test_clock_ticks_again_after_a_crash_of_redis(
    shop: Stack, crowd: Crowd, books: Books, faults: Callable[..., Any]
) -> None:
    faults(webhooks_off=True)  # only the periodic question can find out
    restart_redis(shop.directory, "kill")

    pending = crowd.press_with_full_cart(crowd.shoppers[0], method="pm_fault_error500AfterCharge")
    seconds = books.come_to_rest(60)

    print(f"asked and settled after {seconds:.1f} s")
    assert pending.status == 202
    assert books.order(pending.number) == ("paid", "captured")


@pytest.mark.roadmap("messaging/transactional-outbox", "nosql/redis-persistence-and-clustering")
def test_broker_that_forgot_everything_costs_no_mail(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    for name in ("worker", "mail"):  # so that messages wait in the broker, and only there
        shop[name].kill()
    crowd.buy(6, clients=3)
    published = "SELECT count(*) FROM orders_outboxmessage WHERE done_at IS NULL AND publications = 0"
    while books.one(published):
        time.sleep(0.1)

    answers = outage(shop, crowd, 0.5, lambda: shutil.rmtree(redis_folder(shop) / "appendonlydir", ignore_errors=True))
    shop.start("worker", "mail")
    drained = books.come_to_rest(60)

    print(f"{kinds(answers)}, drained {drained:.1f} s after the workers' return")
    assert set(kinds(answers)) <= {"201", "202"}
    for number in books.numbers("paid"):
        assert mail_server.letters_about(number)


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_frozen_redis_delays_a_purchase_by_less_than_a_second(shop: Stack, crowd: Crowd, books: Books) -> None:
    pid = int((redis_folder(shop) / "server.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        answers = crowd.buy(8, clients=4)
    finally:
        os.kill(pid, signal.SIGCONT)

    print(f"{kinds(answers)}, slowest {max(press.seconds for press in answers):.2f} s")
    assert set(kinds(answers)) <= {"201", "202"}
    assert max(press.seconds for press in answers) < 1.5
