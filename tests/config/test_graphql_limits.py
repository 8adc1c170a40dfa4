"""What a document may ask for; each limit is reached from below, and the weapons are counted without being run."""

import time
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from config.graphql import limits
from config.graphql.limits import TooMuch, require_affordable

pytestmark = pytest.mark.roadmap("api/graphql-schema-and-resolvers")


def nested(depth: int) -> str:
    return "{ a " * (depth - 1) + "{ a }" + " }" * (depth - 1)


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: two to the power of `levels` fields."""
    spreads = [f"fragment F{n} on Q {{ x: a {{ ...F{n + 1} }} y: a {{ ...F{n + 1} }} }}" for n in range(levels)]
    return "{ ...F0 } " + " ".join(spreads) + f" fragment F{levels} on Q {{ a }}"


def page(rows: Any) -> str:
    return f"{{ products(first: {rows}) {{ edges {{ node {{ sku }} }} }} }}"


def page_in_page(rows: str) -> str:
    """A page of products, and with each a page of its category's."""
    inner = "category { products(last: ROWS) { edges { node { sku } } } }"
    return f"query Q($n: Int) {{ products(first: ROWS) {{ edges {{ node {{ {inner} }} }} }} }}".replace("ROWS", rows)


@pytest.mark.parametrize(
    ("document", "variables", "word"),
    [
        (nested(limits.MOST_DEPTH + 1), {}, "deep"),
        ("{ " + " ".join(f"a{n}: a" for n in range(limits.MOST_ALIASES + 1)) + " }", {}, "aliases"),
        (page_in_page("100"), {}, "rows"),
        (page_in_page("$n"), {"n": 100}, "rows"),
        (page_in_page("$n"), {}, "rows"),
        (doubling(40), {}, "deep|aliases|rows"),
        ("{ " + "__schema { types { name } } " * 3 + "}", {}, "rows"),
        ("{ __schema { types { a: name b: name c: name d: name } } }", {}, "aliases"),
    ],
    ids=["deep", "aliases", "rows", "variable", "variable left out", "doubling fragments", "schema", "in the schema"],
)  # fmt: skip
def test_document_that_asks_for_too_much_is_refused_at_once(
    document: str, variables: dict[str, Any], word: str
) -> None:
    parsed = parse(document)
    began = time.perf_counter()

    with pytest.raises(TooMuch, match=word):
        require_affordable(parsed, variables)

    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (nested(limits.MOST_DEPTH), {}),
        ("{ " + " ".join(f"a{n}: a" for n in range(limits.MOST_ALIASES)) + " }", {}),
        (page(100), {}),
        (page("$n"), {"n": 3}),
        ("{ ...F } fragment F on Q { a { ...F } }", {}),
        ("{ ...Nowhere }", {}),
        (get_introspection_query(input_value_deprecation=True, schema_description=True), {}),
        ("{ ... on Q { a } }", {}),
        ("{ products(first: 99999999999999999999) { totalCount } }", {}),
    ],
    ids=["deep", "aliases", "rows", "variable", "circle", "unknown fragment", "GraphiQL", "inline", "huge number"],
)
def test_document_at_the_limit_is_left_to_the_validation(document: str, variables: dict[str, Any]) -> None:
    require_affordable(parse(document), variables)
