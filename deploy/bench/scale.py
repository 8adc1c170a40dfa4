"""Does it stay as fast with a million products and ten million orders? The same questions before they come and after.

    ask ─► seed the products, copy one order ten million times ─► VACUUM ANALYZE ─► ask again

Minutes lie between the two, so each rate is taken as a part of the reference's constant, asked in the same turns. The
orders are copied by the server's administrator with triggers and foreign keys asleep: they are to be many, not right.

Roadmap: testing/database-load-tests, databases/query-optimization
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import psycopg

from deploy.bench.contestants import Contest
from deploy.bench.crowd import PRODUCTS, Crowd
from deploy.bench.figures import Figure
from deploy.bench.load import Tally, forever, get, press
from deploy.bench.purchases import WARM_UP
from deploy.embedded import ServerTrouble

BATCH = 250_000
COPY = """
INSERT INTO {table} SELECT made.* FROM {table} AS template, generate_series(%(first)s, %(last)s) AS n,
    jsonb_populate_record(template, jsonb_build_object({changes})) AS made WHERE template.{which} = %(template)s
"""
#: What differs from copy to copy; orders get ids and numbers that the shop itself will not come to for long.
CHANGES = {
    "orders_order": (
        "id",
        "'id', n, 'number', 'C-' || n, 'idempotency_key_id', NULL, 'buyer_id', %(buyer)s + n %% %(buyers)s",
    ),
    "orders_payment": ("order_id", "'id', gen_random_uuid(), 'order_id', n, 'provider_id', 'pi_copy_' || n"),
    "orders_orderline": ("order_id", "'id', nextval(pg_get_serial_sequence('orders_orderline', 'id')), 'order_id', n"),
    "orders_orderevent": (
        "order_id",
        "'id', nextval(pg_get_serial_sequence('orders_orderevent', 'id')), 'order_id', n",
    ),
}
FIRST_COPY = 1_000_000_000
Tell = Callable[[str], object]


class Question(NamedTuple):
    """What is asked of whom, again and again; no request: buyers press instead."""

    name: str
    contestant: str
    request: bytes = b""


def flatness(
    held: Contest, crowd: Crowd, *, products: int, orders: int, rounds: int, seconds: float, tell: Tell
) -> list[Figure]:
    """Measure, fill, measure again; `uncached`, `ours` and `reference` are running."""
    slug, first = _some_slug(crowd), "/api/v1/products/"
    login = [f"Authorization: Bearer {crowd.tokens[0]}"]
    questions = [
        Question("list", "uncached", get(first)),
        Question("detail", "uncached", get(f"{first}{slug}/")),
        Question("order history", "uncached", get("/api/v1/orders/", login)),
        Question("purchase", "ours"),
    ]
    measure = Measure(held, crowd, rounds=rounds, seconds=seconds, tell=tell)
    before = measure.all(questions)
    fill(held, crowd, products=products, orders=orders, tell=tell)
    after = measure.all(questions)
    return [
        Figure(
            f"{question.name} at {products:,} products and {orders:,} orders / at 1,000 and few",
            after[question] / before[question],
            0.85,
        )
        for question in questions
    ] + [measure.far_page(crowd, first, products)]


class Measure:
    """One way of asking: 8 clients, parts of the constant's rate, medians of the rounds."""

    def __init__(self, held: Contest, crowd: Crowd, *, rounds: int, seconds: float, tell: Tell) -> None:
        self.held, self.crowd, self.rounds, self.seconds, self.tell = held, crowd, rounds, seconds, tell

    def all(self, questions: list[Question]) -> dict[Question, float]:
        """Each question beside the constant, in turns; before that once what nobody counts."""
        constant = Question("constant", "reference", get("/bench/constant/"))
        parts: dict[Question, list[float]] = {question: [] for question in questions}
        for question in [*questions, constant]:
            self.once(question, seconds=max(self.seconds, WARM_UP))
        for _ in range(self.rounds):
            for question in questions:
                self.tell(question.name)
                parts[question].append(self.once(question).against(self.once(constant)))
        return {question: median(found) for question, found in parts.items()}

    def once(self, question: Question, *, seconds: float | None = None) -> Tally:
        """Raises ServerTrouble if it is answered wrong."""
        requests = forever(question.request) if question.request else self.crowd.presses(products=PRODUCTS)
        right = 200 if question.request else 201
        port = self.held.ports[question.contestant]
        tally = press(port, requests, clients=8, seconds=seconds or self.seconds, right=right)
        if tally.wrong or not tally.times:
            raise ServerTrouble(f"{question.name} was answered {dict(tally.wrong) or 'nothing'}.")
        return tally

    def far_page(self, crowd: Crowd, path: str, products: int) -> Figure:
        """The time of a page near the end of the list beside that of the first."""
        offset = products * 96 // 100
        sql = "SELECT name, id FROM shop_product WHERE is_listed ORDER BY name, id LIMIT 1 OFFSET %s"
        row = crowd.connection.execute(sql, [offset]).fetchone() or ("", 0)
        cursor = urlsafe_b64encode(json.dumps([False, *map(str, row)]).encode()).decode()
        far = Question("far page", "uncached", get(f"{path}?cursor={cursor}"))
        near = Question("first page", "uncached", get(path))
        ratio = median(self.once(near).against(self.once(far)) for _ in range(self.rounds))
        return Figure(f"time of page {offset // 24:,} / page 1", ratio, 2, most=True)


def _some_slug(crowd: Crowd) -> str:
    row = crowd.connection.execute("SELECT slug FROM shop_product WHERE is_listed ORDER BY id LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def fill(held: Contest, crowd: Crowd, *, products: int, orders: int, tell: Tell) -> None:
    """Bring the shop to so many products, and add so many orders, about a thousand for each of some buyers."""
    tell(f"inventing {products:,} products")
    held.shop.manage("seed", "--no-cast", "--products", str(max(0, products - PRODUCTS)))
    template, buyers = _template(crowd), max(1, min(len(crowd.tokens), orders // 1_000))
    with psycopg.connect(held.shop.servers.admin_url, dbname="shop", autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica; SET statement_timeout = 0; SET synchronous_commit = off")
        for start in range(0, orders, BATCH):
            tell(f"copying orders: {start:,} of {orders:,}")
            span = {"first": FIRST_COPY + start, "last": FIRST_COPY + min(start + BATCH, orders) - 1}
            for table, (which, changes) in CHANGES.items():
                statement = COPY.format(table=table, changes=changes, which=which)
                admin.execute(statement, {**span, "template": template, "buyer": crowd.first, "buyers": buyers})
        tell("VACUUM ANALYZE")
        admin.execute("VACUUM ANALYZE")


def _template(crowd: Crowd) -> int:
    """A paid order with everything that belongs to it."""
    row = crowd.connection.execute("SELECT max(id) FROM orders_order WHERE status = 'paid'").fetchone()
    if row is None or row[0] is None:
        raise ServerTrouble("Nothing was bought, so there is no order to copy.")
    return int(row[0])
