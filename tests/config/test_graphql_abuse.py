"""Weapons against GraphQL servers, each turned on the endpoint: refused within 50 ms of processor time, without a
question to the database, and nothing of it stays in memory.

The processor's time is this process's own, and the best of five: what else the machine does is not measured.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from graphql import get_introspection_query, parse
from rest_framework.test import APIClient

from config.graphql import documents, sizes
from config.graphql.limits import TooMuch
from tests.graphql_client import ask

LONGEST = 0.05  # seconds
#: Plain reading of this takes about as long where the limit was set; on a slower or busier machine both take longer.
YARDSTICK = "{ " + "a " * 3_500 + "}"
pytestmark = (
    pytest.mark.django_db
)  # and no topic: coverage of a proof would cost processor time, which is measured here


def fields(count: int, name: str = "a") -> str:
    return "{ " + f"{name} " * count + "}"


def aliases(count: int) -> str:
    return "{ " + " ".join(f"a{n}: me {{ email }}" for n in range(count)) + " }"


def fragments(count: int, body: Callable[[int], str]) -> str:
    return "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ {body(n)} }}" for n in range(count))


def fan_out(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    return fragments(levels, lambda n: f"...F{n + 1} ...F{n + 1}") + f" fragment F{levels} on Query {{ __typename }}"


DOCUMENTS = {
    "depth 1,000": "{ me " * 1_000 + "}" * 1_000,
    "depth 100": "{ " + "a { " * 100 + "b" + " }" * 101,
    "depth by inline fragments": "{ " + "... { " * 200 + "__typename" + " }" * 201,
    "10,000 aliases": aliases(10_000),
    "100 aliases": aliases(100),
    "fan-out to a million": fan_out(20),
    "circle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "circle of many": fragments(30, lambda n: f"...F{(n + 1) % 30}"),
    "all circles of many": fragments(12, lambda n: " ".join(f"...F{m}" for m in range(12))),
    "one field often": fields(480, "__typename"),
    "one inline fragment often": fields(150, "... { __typename }"),
    "fragments beside each other": fragments(100, lambda n: "__typename").replace(
        "...F0", " ".join(f"...F{n}" for n in range(100))
    ),
    "unknown fragments": fields(300, "...X"),
    "duplicate directives": "{ __typename " + "@include(if: true) " * 90 + "}",
    "unknown directives": "{ __typename " + "@x " * 300 + "}",
    "directives on everything": "query @a { me @a { ...F @a ... @a { email @a } } } fragment F on User @a { name @a }",
    "one argument often": "{ products(" + "first: 1 " * 200 + ") { edges { cursor } } }",
    "long list": "{ products(search: [" + "1 " * 800 + "]) { edges { cursor } } }",
    "deep list": "{ products(search: " + "[" * 400 + "]" * 400 + ") { edges { cursor } } }",
    "deep object": "{ products(search: " + "{a: " * 200 + "1" + "}" * 200 + ") { edges { cursor } } }",
    "deep type": "query Q($a: " + "[" * 400 + "Int" + "]" * 400 + ") { __typename }",
    "many variables": "query Q(" + " ".join(f"$a{n}: Int" for n in range(200)) + ") { __typename }",
    "many operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(150)),
    "literal of a megabyte": f'{{ product(slug: "{"x" * 1_000_000}") {{ sku }} }}',
    "literal of 7 kB in an unknown argument": f'{{ product(slag: "{"x" * 7_000}") {{ sku }} }}',
    "escapes": '{ me(a: "' + "\\u0041" * 1_300 + '") { email } }',
    "huge number": "{ me(a: " + "9" * 7_900 + ") { email } }",
    "page of pages": "{ products(first: 100) { edges { node { category { products(first: 100) "
    "{ edges { node { sku } } } } } } } }",
    "schema three times": "{ __schema { types { name } } " * 3 + "}" * 3,
    "schema in itself": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "schema with aliases": "{ __schema { types { " + " ".join(f"a{n}: name" for n in range(30)) + " } } }",
}
EMAIL = "{ me { email } }"
BODIES: dict[str, Any] = {
    "batch": [{"query": EMAIL}] * 1_000,
    "huge variable": {"query": "query Q($n: Int) { products(first: $n) { edges { cursor } } }",
                      "variables": {"n": "9" * 900_000}},
    "list for a number": {"query": "query Q($n: Int) { products(first: $n) { edges { cursor } } }",
                          "variables": {"n": [1] * 15_000}},
    "wrong address of many parts": {
        "query": "mutation B($to: AddressInput!) "
        '{ purchase(idempotencyKey: "k", paymentMethod: "p", shippingAddress: $to) { order { number } } }',
        "variables": {"to": {f"a{n}": n for n in range(4_000)}},
    },
}  # fmt: skip
WEAPONS = {name: {"query": document} for name, document in DOCUMENTS.items()} | BODIES


@pytest.fixture
def guest(api: Callable[[Any], APIClient]) -> APIClient:
    ask(api(None), "{ __typename }")
    return api(None)


def turn(guest: APIClient, body: str) -> tuple[float, Any]:
    """Processor time in seconds, and the answer."""
    began = time.process_time()
    answer = guest.post("/graphql/", body, content_type="application/json")
    return time.process_time() - began, answer


def reading() -> float:
    """Processor time of the yardstick, in seconds."""
    began = time.process_time()
    parse(YARDSTICK)
    return time.process_time() - began


@pytest.mark.parametrize("body", WEAPONS.values(), ids=WEAPONS)
def test_weapon_is_refused_at_once_and_without_sql(guest: APIClient, body: Any) -> None:
    text = json.dumps(body)

    with CaptureQueriesContext(connection) as captured:
        turns = [turn(guest, text) for _ in range(5)]
    yard = min(reading() for _ in range(5))

    assert {answer.status_code for _, answer in turns} <= {400, 413}
    assert len(turns[0][1].content) < 20_000
    assert not captured.captured_queries
    assert min(seconds for seconds, _ in turns) < max(LONGEST, yard)


def test_nothing_of_all_weapons_stays_in_memory(guest: APIClient) -> None:
    texts = [json.dumps(body) for body in WEAPONS.values()]
    for text in texts:
        turn(guest, text)
    before = psutil.Process().memory_info().rss

    for text in texts * 2:
        turn(guest, text)

    assert psutil.Process().memory_info().rss - before < 10_000_000


@pytest.mark.parametrize("weapon", ["one field often", "schema with aliases", "page of pages"])
def test_without_the_limits_the_weapon_would_hit(
    guest: APIClient, monkeypatch: pytest.MonkeyPatch, weapon: str
) -> None:
    monkeypatch.setattr("config.graphql.documents.require_small", lambda document: None)
    monkeypatch.setattr(documents, "read", documents.read.__wrapped__)  # what is read without limits is not remembered
    monkeypatch.setattr("config.graphql.endpoint.require_affordable", lambda document, variables: Counter())

    _, answer = turn(guest, json.dumps(WEAPONS[weapon]))

    assert answer.status_code == 200


def test_what_graphiql_asks_of_the_schema_is_answered(guest: APIClient) -> None:
    question = get_introspection_query(input_value_deprecation=True, schema_description=True)

    assert ask(guest, question)["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.roadmap("security/dos-protection", "api/graphql-schema-and-resolvers")
@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("operations", "query Q{n} {{ a }}"), ("fragments", "fragment F{n} on Q {{ a }}"), ("selections", "{{ a }}"),
        ("variables", "query Q($v{n}: Int) {{ a }}"), ("arguments", "{{ a(x: $v) }}"), ("directives", "{{ a @x }}"),
        ("values", "{{ a(x: [1]) }}"),
    ],
)  # fmt: skip
def test_document_may_have_as_many_parts_of_a_kind_and_no_more(
    monkeypatch: pytest.MonkeyPatch, kind: str, part: str
) -> None:
    monkeypatch.setattr(sizes, "MOST", dict.fromkeys(sizes.MOST, 99) | {kind: 6})
    each = 2 if kind == "values" else 1  # the list is one itself
    documents = [repeated(part, count) for count in (6 // each, 6 // each + 1)]

    sizes.require_small(documents[0])
    with pytest.raises(TooMuch, match=kind):
        sizes.require_small(documents[1])


def repeated(part: str, count: int) -> Any:
    return parse(" ".join(part.format(n=n) for n in range(count)))
