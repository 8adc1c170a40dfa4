"""A payment provider that is not there, or that takes calls and never answers: nobody is charged, nobody waits long."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis

from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd, kinds, median, press

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
DEADLINE = 2.0  # as in conftest.py
OPEN_FOR = 10.0


@pytest.fixture(autouse=True)
def closed_breaker(shop: Stack, whole_again: None) -> Iterator[None]:
    """Nothing is held against the provider when a proof begins, and it is there again when one ends."""
    broker = redis.Redis.from_url(shop.servers.redis_url)
    broker.delete(*[f"breaker:payments:{name}" for name in ("failures", "open", "trial")])
    yield
    shop["provider"].signal(signal.SIGCONT)
    shop.start("provider")
    broker.delete(*[f"breaker:payments:{name}" for name in ("failures", "open", "trial")])
    broker.close()


@pytest.mark.roadmap("architecture/circuit-breaker", "commerce/external-services")
def test_refused_connection_charges_nobody_and_leaves_cart_and_key_as_they_were(
    shop: Stack, crowd: Crowd, books: Books
) -> None:
    buyer = crowd.shoppers[0]
    buyer.fill("FAULT-1", 2)
    cart = buyer.http.get("/cart/").json()["lines"]
    shop["provider"].kill()

    refused = press(buyer)
    after = buyer.http.get("/cart/").json()["lines"]
    shop.start("provider")

    assert (refused.status, refused.problem) == (503, "payment-unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert [(line["sku"], line["quantity"]) for line in after] == [(line["sku"], line["quantity"]) for line in cart]
    assert press(buyer, key=refused.key).status == 201


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_breaker_opens_for_all_processes_refuses_at_once_and_closes_again(
    shop: Stack, crowd: Crowd, books: Books
) -> None:
    assert crowd.buy(1, clients=1)[0].status == 201
    shop["provider"].kill()
    crowd.buy(5, clients=1)  # all of them at the first web process
    orders = books.one("SELECT count(*) FROM orders_order")

    # Six at both processes: on a slow machine all sixteen take longer than the breaker stays open.
    refused = [crowd.press_with_full_cart(buyer) for buyer in crowd.shoppers[:6]]
    written = books.one("SELECT count(*) FROM orders_order") - orders
    shop.start("provider")
    back = time.monotonic()
    while (answer := crowd.buy(1, clients=1)[0]).status != 201:
        time.sleep(0.1)
    waited = answer.began - back

    print(f"refused in {median(refused) * 1000:.0f} ms (median); sells again {waited:.1f} s after the return")
    assert (kinds(refused), written) == ({"503 payment-unavailable": len(refused)}, 0)
    assert min(press.seconds for press in refused) < DEADLINE / 10
    assert waited < OPEN_FOR + 2


@pytest.mark.roadmap("architecture/circuit-breaker", "commerce/external-services")
def test_silent_provider_holds_a_buyer_for_the_deadline_and_nobody_else(shop: Stack, crowd: Crowd) -> None:
    usual = max(press.seconds for press in crowd.buy(6, clients=6))
    shop["provider"].signal(signal.SIGSTOP)  # the kernel still takes connections for it
    done = threading.Event()

    with ThreadPoolExecutor(2) as threads:
        browsing = [threads.submit(browse, url, done) for url in shop.web_urls]
        answers = crowd.buy(12, clients=6)
        done.set()
    pages = sorted(seconds for browsed in browsing for seconds in browsed.result())

    slowest = max(press.seconds for press in answers)
    print(f"{kinds(answers)}, slowest {slowest:.2f} s; {len(pages)} pages meanwhile, slowest {pages[-1]:.2f} s")
    assert set(kinds(answers)) <= {"202", "503 payment-unavailable"}
    assert slowest < DEADLINE + 0.5 + usual  # on a busy machine all the rest takes its time, too
    assert pages[-1] < DEADLINE / 2


def browse(url: str, done: threading.Event) -> list[float]:
    """Look at the catalogue until told to stop; how long each page took."""
    pages = []
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        while not done.wait(0.05):
            began = time.monotonic()
            assert client.get("/api/v1/products/").status_code == 200
            pages.append(time.monotonic() - began)
    return pages
