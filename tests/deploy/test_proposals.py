"""API first: a proposal keeps the rules of the house before it is built, can be played with, and is then held to."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import httpx
import jsonschema
import pytest
from drf_spectacular.validation import validate_schema

from deploy.contract.document import operations
from deploy.contract.mock import Mock
from deploy.contract.proposals import departures, proposals
from tests.config.test_endpoint_rules import RULES, Rule
from tests.test_openapi import DOCUMENT, OPERATIONS

pytestmark = pytest.mark.roadmap("api/api-first")
PROPOSALS = proposals()
RETURNS = "/api/v1/orders/7KQ2-M4XD-9RTC/returns/"
PATH = "/api/v1/orders/{number}/returns/"
every_proposal = pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)


def client(document: Any) -> httpx.Client:
    """Of a shop that has nothing but this document."""
    return httpx.Client(transport=httpx.WSGITransport(app=Mock(document)), base_url="http://mock")


def contents(document: Any) -> Iterator[dict[str, Any]]:
    """Every body that a document shows, each with its schema."""
    for operation in operations(document).values():
        for place in [operation.get("requestBody", {}), *map(Mock(document)._at, operation["responses"].values())]:
            yield from place.get("content", {}).values()


def as_json_schema(part: Any) -> Any:
    """Say in the words of JSON Schema what OpenAPI 3.0 calls nullable."""
    if isinstance(part, list):
        return [as_json_schema(one) for one in part]
    if not isinstance(part, dict):
        return part
    kind = {"type": [part["type"], "null"]} if part.get("nullable") is True else {}
    return {name: as_json_schema(value) for name, value in part.items()} | kind


@every_proposal
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_proposal_keeps_the_rules_of_the_house(proposal: Any, rule: Rule) -> None:
    validate_schema(proposal)

    assert list(rule(proposal)) == []
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", one["operationId"]) for one in operations(proposal).values())


@every_proposal
def test_every_body_has_an_example_and_it_fits(proposal: Any) -> None:
    for content in contents(proposal):
        schema = as_json_schema(content["schema"] | {"components": proposal["components"]})
        assert content["examples"]
        for example in content["examples"].values():
            jsonschema.validate(example["value"], schema)


def test_client_can_be_written_before_the_server() -> None:
    with client(PROPOSALS["returns"]) as shop:
        asked = shop.post(RETURNS, json={"lines": [{"sku": "DESK-WAL-160", "quantity": 1}]})
        late = shop.post(RETURNS, json={}, headers={"Prefer": "code=409"})

        assert (asked.status_code, asked.json()["status"]) == (201, "asked")
        assert shop.get(RETURNS).json()["results"] == [asked.json()]
        assert (late.status_code, late.json()["type"]) == (409, "/problems/not-returnable/")
        assert late.headers["Content-Type"] == "application/problem+json"


def test_mock_says_no_more_than_its_document() -> None:
    with client(PROPOSALS["returns"]) as shop:
        wrong = [shop.get("/api/v1/orders/"), shop.put(RETURNS), shop.get(RETURNS, headers={"Prefer": "code=418"})]

    assert [answer.status_code for answer in wrong] == [404, 405, 501]
    assert wrong[1].headers["Allow"] == "GET, POST"


def test_shop_that_is_built_can_be_played_with_as_well() -> None:
    with client(DOCUMENT) as shop:
        for name, operation in OPERATIONS.items():
            verb, _, path = name.partition(" ")
            answer = shop.request(verb, re.sub(r"\{\w+\}", "x", path))

            shown = operation["responses"][str(answer.status_code)].get("content", {}).get("application/json", {})
            values = [example["value"] for example in shown.get("examples", {}).values()]
            assert answer.is_success
            assert answer.json() == values[0] if values else answer.content == b""


@every_proposal
def test_what_is_built_is_what_was_agreed(proposal: Any) -> None:
    assert departures(proposal, DOCUMENT) == []


Break = Callable[[Any], object]
DEPARTURES: list[tuple[Break, str]] = [
    (lambda built: built["paths"][PATH].pop("get"), "is gone"),
    (lambda built: built["components"]["schemas"]["Return"]["properties"].pop("asked_at"), "asked_at is gone"),
    (lambda built: built["components"]["schemas"]["AskReturnRequest"]["required"].append("reason"), "must be sent now"),
]


@pytest.mark.parametrize(("depart", "what"), DEPARTURES, ids=[what for _, what in DEPARTURES])
def test_what_is_built_otherwise_is_named(depart: Break, what: str) -> None:
    agreed = PROPOSALS["returns"]
    built = deepcopy(agreed)
    assert departures(agreed, built) == []

    depart(built)

    found = [f"{change.where} {change.what}" for change in departures(agreed, built)]
    assert found
    assert all(what in one for one in found), found
