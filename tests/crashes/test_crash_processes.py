"""kill -9 of whole processes while people buy: web, workers, relay, beat and all their children, one after the other.

A buyer who gets no answer presses again with the same key, as a browser would.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from deploy.demo.shopper import Shopper
from tests.crashes.crash_shop import Case, CrashShop
from tests.crashes.inquest import audit, gather

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]
SKU, PROCESSES, BUYERS = "CRASH-LAMP", ("web", "worker", "mail", "relay", "beat"), 4
#: What the mail worker's one process may have been handing over when it was killed.
LETTERS_IN_HAND = 1


def shop_until(done: threading.Event, shop: CrashShop, buyer: Case) -> list[str]:
    """Buy again and again, each time to the end; return the numbers of the orders that were answered as paid."""
    shopper, numbers = shop.shopper(buyer), []
    while not done.is_set():
        key = str(uuid4())
        if (answer := insist(shopper, key)).status_code in {201, 202}:
            numbers.append(answer.json()["number"])
    shopper.close()
    return numbers


def insist(shopper: Shopper, key: str) -> httpx.Response:
    """Fill the cart and press the button until there is an answer, with one key."""
    deadline = time.monotonic() + 60
    while True:
        try:
            if not shopper.http.get("/cart/").json()["lines"]:
                shopper.fill(SKU)
            answer = shopper.buy(key)
            if answer.status_code < 500 and "in-progress" not in answer.text:
                return answer
        except (httpx.TransportError, ValueError):
            assert time.monotonic() < deadline, "no answer for a minute"
        time.sleep(0.2)


@contextmanager
def buying(shop: CrashShop) -> Iterator[list[str]]:
    """So many people buy during the block; the list is filled with the numbers of their orders at its end."""
    done, numbers = threading.Event(), []
    with ThreadPoolExecutor(BUYERS) as people:
        sprees = [people.submit(shop_until, done, shop, buyer) for buyer in shop.admit(BUYERS)]
        try:
            yield numbers
        finally:
            done.set()
        numbers += [number for spree in sprees for number in spree.result()]


@pytest.mark.roadmap("messaging/background-workers", "messaging/transactional-outbox")
def test_killed_processes_lose_no_order_and_no_mail(crash_shop: CrashShop) -> None:
    httpx.delete(f"{crash_shop.stack.provider_url}/_faults").raise_for_status()
    with buying(crash_shop) as numbers:
        for name in PROCESSES:
            time.sleep(1)
            crash_shop.stack[name].kill()
            time.sleep(1)
            crash_shop.stack.start(name)
    crash_shop.wait_for_rest()

    mails = gather(crash_shop).mails
    assert len(numbers) > len(PROCESSES)
    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if not mails[number]] == []
    assert sum(mails[number] - 1 for number in numbers) <= LETTERS_IN_HAND
    assert audit(crash_shop) == ""
