"""A crowd at the doors of a running shop: people with tokens, spread over its web servers, let in at one moment.

Logging in would cost 100 ms of argon2 each, so they are written into the shop's database and their tokens are signed
here with its key; from then on they use the public API alone.

Roadmap: testing/database-load-tests
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from deploy.demo.shopper import Shopper
from deploy.local.stack import Stack
from deploy.local.tokens import access_tokens

PEOPLE = """
INSERT INTO accounts_user (email, name, password, is_staff, is_superuser, is_active)
SELECT %(crowd)s || '-' || number || '@example.com', 'Buyer ' || number, '!', %(is_staff)s, false, true
FROM generate_series(1, %(count)s) AS number RETURNING id
"""
MANAGERS = """
INSERT INTO accounts_user_groups (user_id, group_id)
SELECT unnest(%s::bigint[]), id FROM auth_group WHERE name = 'manager'
"""
SHELF = """
WITH category AS (
    INSERT INTO shop_category (name, slug, description, position) VALUES (%(shelf)s, %(shelf)s, '', 99) RETURNING id
), product AS (
    INSERT INTO shop_product
        (category_id, sku, slug, name, description, price, currency, attributes, is_listed, updated_at)
    SELECT category.id, upper(%(shelf)s) || '-' || number, %(shelf)s || '-' || number, 'Rare thing ' || number,
        'There are not many of it.', 12.80, 'EUR', '{}', true, now()
    FROM category, generate_series(1, %(count)s) AS number RETURNING id, sku
), stock AS (
    INSERT INTO shop_stock (product_id, on_hand, reserved) SELECT id, %(units)s, 0 FROM product
), entry AS (
    INSERT INTO shop_stockentry (product_id, kind, quantity, reference, at)
    SELECT id, 'received', %(units)s, 'race', now() FROM product
)
SELECT sku FROM product ORDER BY id
"""

#: The order is paid, or will be as soon as the provider answers.
BOUGHT = {201, 202}
Errand = Callable[[Shopper], list[httpx.Response]]


def database(shop: Stack) -> psycopg.Connection[Any]:
    """A connection to the running shop's database, apart from Django's own."""
    return psycopg.connect(shop.env["DATABASE_URL"], autocommit=True)


def shelf(shop: Stack, products: int, *, units: int) -> list[str]:
    """New products with so many units each; returns their SKUs."""
    with database(shop) as connected:
        values = {"shelf": f"race-{uuid4().hex[:12]}", "count": products, "units": units}
        return [sku for (sku,) in connected.execute(SHELF, values)]


@contextmanager
def crowd(shop: Stack, count: int, *, hands: int = 1, is_staff: bool = False) -> Iterator[list[Shopper]]:
    """So many new people, each with `hands` clients, dealt out to the web servers in turn."""
    values = {"crowd": f"race-{uuid4().hex[:12]}", "count": count, "is_staff": is_staff}
    with database(shop) as connected:
        ids = [user_id for (user_id,) in connected.execute(PEOPLE, values)]
        if is_staff:
            connected.execute(MANAGERS, [ids])
    doors = cycle(shop.web_urls)
    tokens = access_tokens(shop.env, ids, methods=("pwd", "otp") if is_staff else ("pwd",))
    people = [enter(next(doors), token) for token in tokens for _ in range(hands)]
    try:
        yield people
    finally:
        for shopper in people:
            shopper.close()


def enter(door: str, token: str) -> Shopper:
    shopper = Shopper(door)
    shopper.http.headers["Authorization"] = f"Bearer {token}"
    return shopper


def rush(people: Sequence[Shopper], *errands: Errand) -> list[list[httpx.Response]]:
    """Everybody at once, the errands dealt out in turn; returns each one's answers."""
    start = Barrier(len(people))

    def run(shopper: Shopper, errand: Errand) -> list[httpx.Response]:
        start.wait(30)
        return errand(shopper)

    with ThreadPoolExecutor(len(people)) as threads:
        return list(threads.map(run, people, cycle(errands)))


def buy_until_sold_out(shopper: Shopper, basket: Sequence[str]) -> list[httpx.Response]:
    """Buy one of each again and again; what is sold out is taken out of the cart, until nothing can be had."""
    answers, wanted, in_cart = [], list(basket), dict[str, str]()
    while wanted and len(answers) < 5000:
        for sku in wanted:
            if sku not in in_cart:
                in_cart[sku] = shopper.fill(sku).raise_for_status().json()["id"]
        answers.append(answer := shopper.buy())
        if answer.status_code in BOUGHT:
            in_cart.clear()
            continue
        if not (short := refused(answer)):
            break
        for sku in short:
            wanted.remove(sku)
            shopper.http.delete(f"/cart/lines/{in_cart.pop(sku)}/").raise_for_status()
    return answers


def refused(answer: httpx.Response) -> list[str]:
    """The SKUs that an out-of-stock problem names; nothing for any other answer."""
    if answer.status_code != 409 or not answer.json()["type"].endswith("/out-of-stock/"):
        return []
    return [line["sku"] for line in answer.json()["lines"]]
