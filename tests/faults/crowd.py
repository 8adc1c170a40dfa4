"""Many people who buy at the same time over HTTP, and what each of them was answered."""

import itertools
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import uuid4

import httpx

from deploy.demo.shopper import Shopper
from deploy.local.stack import Stack
from deploy.local.tokens import access_tokens
from tests.faults.books import Books

SKUS = [f"FAULT-{number}" for number in range(8)]


class Press(NamedTuple):
    """One press of the button: what it was answered, when it began (monotonic clock), and how long it took."""

    status: int
    problem: str
    number: str
    key: str
    began: float
    seconds: float
    headers: httpx.Headers


class Crowd:
    """Shoppers spread over all web processes, each with an account, a cart and a connection of their own."""

    def __init__(self, shop: Stack, books: Books) -> None:
        self.shop = shop
        addresses = itertools.cycle(shop.web_urls)
        ids = books.ask("SELECT id FROM accounts_user WHERE email LIKE 'buyer-%%' ORDER BY email")
        tokens = access_tokens(shop.env, (user_id for (user_id,) in ids))
        self.shoppers = [self.shopper(next(addresses), token) for token in tokens]

    def shopper(self, address: str, token: str) -> Shopper:
        buyer = Shopper(address)
        buyer.http.headers["Authorization"] = f"Bearer {token}"
        return buyer

    def buy(self, count: int, *, method: str = "pm_card_visa", clients: int = 0) -> list[Press]:
        """So many purchases by all at once (or by the first `clients`); returns when the last one is answered."""
        tickets = iter(range(count))
        return self._at_once(lambda: next(tickets, None) is not None, method, clients)

    def buy_until(self, done: threading.Event, *, method: str = "pm_card_visa", clients: int = 0) -> list[Press]:
        return self._at_once(lambda: not done.is_set(), method, clients)

    def _at_once(self, goes_on: Callable[[], bool], method: str, clients: int) -> list[Press]:
        """A generator is not made for threads, hence the lock around the question."""
        lock = threading.Lock()

        def ask() -> bool:
            with lock:
                return goes_on()

        buyers = self.shoppers[: clients or None]
        with ThreadPoolExecutor(len(buyers)) as threads:
            shopping = [threads.submit(lambda buyer=buyer: list(presses(buyer, ask, method))) for buyer in buyers]
            return [press for spree in shopping for press in spree.result()]

    def press_with_full_cart(self, buyer: Shopper, *, method: str = "pm_card_visa") -> Press:
        buyer.fill(SKUS[0]).raise_for_status()
        return press(buyer, method=method)

    def close(self) -> None:
        for shopper in self.shoppers:
            shopper.close()


def presses(buyer: Shopper, goes_on: Callable[[], bool], method: str) -> Iterator[Press]:
    skus = itertools.cycle(SKUS)
    while goes_on():
        began = time.monotonic()
        filled = buyer.fill(next(skus))
        if not filled.is_success:  # the database is away: the answer to this request counts as well
            yield seen(filled, "", began)
            time.sleep(0.05)
            continue
        yield press(buyer, method=method)


def press(buyer: Shopper, *, method: str = "pm_card_visa", key: str = "") -> Press:
    """Press the button once, whatever is in the cart."""
    key, began = key or str(uuid4()), time.monotonic()
    return seen(buyer.buy(key, method=method), key, began)


def seen(answer: httpx.Response, key: str, began: float) -> Press:
    """Read an answer; one that is not JSON, as Django's own error page, has no problem type and no number."""
    is_json = "json" in answer.headers.get("Content-Type", "")
    said = answer.json() if is_json and answer.content else {}
    problem = str(said.get("type", "")).strip("/").rpartition("/")[2]
    number = str(said.get("number") or said.get("order") or "")
    return Press(answer.status_code, problem, number, key, began, time.monotonic() - began, answer.headers)


def kinds(presses: Sequence[Press]) -> Counter[str]:
    """How often each answer was given, as `201` or `503 payment-unavailable`."""
    return Counter(f"{press.status} {press.problem}".strip() for press in presses)


def median(presses: Sequence[Press]) -> float:
    """The seconds that half of them took at most."""
    return statistics.median(press.seconds for press in presses)
