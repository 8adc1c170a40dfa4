"""The house rules of the API, read from its own OpenAPI document; each of them can be broken."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

COLLECTIONS = {
    "security-events",
    "products", "categories", "lines", "orders", "refunds", "payments", "sessions", "factors", "recovery-codes",
    "registrations", "fulfilments", "reviews", "receipts", "corrections",
    "entries", "images", "applications", "identities", "password-resets", "api-keys", "addresses",
    "subscriptions", "deliveries", "imports", "refusals",
    "returns",  # proposed: docs/api/proposed
}  # fmt: skip
SINGLE = {  # one for each owner, or a namespace
    "stock", "hiding",
    "auth", "token", "refresh", "cart", "coupon", "cancellation", "shipment", "delivery", "webhooks", "step-up",
    "rotation", "confirmation", "account", "password", "email", "closure", "export", "replay",
}  # fmt: skip
WHOLE = {"/api/v1/categories/"}  # a small tree that a client wants whole
MONEY = re.compile(r"price|total|amount")
LINKS = "_links"  # the name that HAL reserves


@pytest.fixture(scope="module")
def document() -> Document:
    return SchemaGenerator().get_schema(public=True)


def addresses(document: Document) -> Iterator[str]:
    """Nouns from the list above, in small letters, with a slash at the end: a verb has no place to stand."""
    for path in document["paths"]:
        words = set(re.sub(r"\{\w+\}", "", path.removeprefix("/api/v1/")).split("/")) - {""}
        if not path.startswith("/api/v1/") or not path.endswith("/") or words - COLLECTIONS - SINGLE:
            yield path


def lists(document: Document) -> Iterator[str]:
    """Every list of a collection answers `next`, `previous` and `results`."""
    for path, operations in document["paths"].items():
        if "get" in operations and path.split("/")[-2] in COLLECTIONS and path not in WHOLE:
            schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            name = schema.get("$ref", "/").rpartition("/")[2]
            if set(document["components"]["schemas"].get(name, {}).get("properties", ())) != {
                "next", "previous", "results",
            }:  # fmt: skip
                yield path


def members(document: Document) -> Iterator[str]:
    """snake_case; money is a string, for a JSON number would be a float; a moment is named `…at` or `…_until`."""
    for name, schema in document["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            is_moment = described.get("format") == "date-time"
            is_named_well = member == LINKS or bool(re.fullmatch(r"[a-z][a-z0-9_]*", member))
            is_exact = described.get("type") == "string" or not MONEY.search(member)
            if not (is_named_well and is_exact) or is_moment != bool(re.search(r"(^|_)(at|until)$", member)):
                yield f"{name}.{member}"


RULES: list[Rule] = [addresses, lists, members]


@pytest.mark.roadmap("api/consistent-endpoint-design", "api/rest-resource-design")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_endpoint_keeps(document: Document, rule: Rule) -> None:
    assert list(rule(document)) == []


def put(document: Document, *places: str) -> Document:
    """A copy in which something stands at a place where nothing may stand."""
    changed: Any = copy.deepcopy(document)
    at = changed
    for place in places[:-2]:
        at = at[place]
    at[places[-2]] = {"type": "number"} if places[-1] == "number" else copy.deepcopy(at[places[-1]])
    return changed


BROKEN: list[tuple[Rule, tuple[str, ...]]] = [
    (addresses, ("paths", "/api/v1/orders/{number}/cancel/", "/api/v1/orders/")),
    (addresses, ("paths", "/api/v1/orders", "/api/v1/orders/")),
    (lists, ("paths", "/api/v1/refunds/", "/api/v1/cart/")),
    (members, ("components", "schemas", "Order", "properties", "unitPrice", "total")),
    (members, ("components", "schemas", "Order", "properties", "total", "number")),
    (members, ("components", "schemas", "Order", "properties", "placed", "placed_at")),
]


@pytest.mark.parametrize(("rule", "places"), BROKEN)
def test_endpoint_that_departs_from_a_rule_is_named(document: Document, rule: Rule, places: tuple[str, ...]) -> None:
    assert len(list(rule(put(document, *places)))) == 1


@pytest.mark.roadmap("api/openapi-documentation")
def test_document_is_valid_and_names_every_refusal_of_the_purchase() -> None:
    document = SchemaGenerator().get_schema(public=True)
    validate_schema(document)

    purchase = document["paths"]["/api/v1/orders/"]["post"]
    assert set(purchase["responses"]) == {
        "201", "202", "400", "401", "402", "403", "406", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip
    assert "`out-of-stock`" in purchase["responses"]["409"]["description"]
    assert set(purchase["responses"]["409"]["content"]) == {"application/problem+json"}
