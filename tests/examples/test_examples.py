"""Every example of the API document is played: the question is put to the shop, and the answer is the one it shows.

make examples        writes the answers anew, which is how a new example gets its own
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.core.cache import cache

from config.openapi.examples import LOADER, Example, everything, files, in_version
from config.problems import CONTENT_TYPE
from deploy.contract.changes import Comparison
from orders import gateways
from tests.examples.given import GIVEN
from tests.examples.pen import write_answer
from tests.examples.scene import Scene
from tests.examples.stand_ins import masked
from tests.fakes import FakeGateway
from tests.test_openapi import DOCUMENT
from tests.test_openapi_v2 import DOCUMENT_V2, moved

OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
EXAMPLES = everything()


def is_written_anew(example: Example) -> bool:
    """Whether v2 differs by more than its addresses: by money."""
    there = json.dumps([example.body, example.answer]).replace("/api/v1/", "/api/v2/")
    moved = in_version(example, "v2")
    return json.loads(there) != [moved.body, moved.answer]


PRICED = [in_version(example, "v2") for example in EXAMPLES if is_written_anew(example)]
HOW = """
It stands in no {place} of an <app>/examples/*.yaml. Beside the views of the operation write, for instance,

    {operation}:
      {name}:
        summary: A sentence about what happens.
        by: alice            # who asks; left out: a guest. proved: true if a second factor was shown
        given: []            # what is there before, by the words of tests/examples/given.py
        path: {{}}             # query, headers, body: what is sent
        status: {status}

then run `make examples`, which writes the answer, and `make schema`."""


@pytest.fixture
def gateway_in_place(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    """The bank of the scene; what requests were counted before is forgotten."""
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    cache.clear()
    return gateway


def play(example: Example, gateway: FakeGateway, version: str = "v1") -> Any:
    scene = Scene(example, gateway)
    for words in example.given:
        GIVEN[words](scene)
    path, method, _ = OPERATIONS[example.operation]
    return scene.ask(path.replace("/v1/", f"/{version}/"), method)


@pytest.mark.django_db
@pytest.mark.roadmap("api/openapi-documentation")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation}-{example.name}")
def test_question_gets_the_answer_that_the_document_shows(example: Example, gateway_in_place: FakeGateway) -> None:
    response = play(example, gateway_in_place)

    assert response.status_code == example.status, response.content
    assert response.headers.get("Content-Type") in {None, CONTENT_TYPE if example.is_refusal else "application/json"}
    answer = masked(response.json()) if response.content else None
    if os.environ.get("EXAMPLES") == "write":
        write_answer(example, answer)
    else:
        assert answer == example.answer, "`make examples` writes it anew, if it is as it should be"


@pytest.mark.django_db
@pytest.mark.roadmap("api/versioning")
@pytest.mark.parametrize("example", PRICED, ids=lambda example: f"{example.operation}-{example.name}")
def test_question_in_cents_gets_the_answer_that_the_document_of_v2_shows(
    example: Example, gateway_in_place: FakeGateway
) -> None:
    response = play(example, gateway_in_place, "v2")

    assert (response.status_code, masked(response.json())) == (example.status, example.answer)


def test_every_operation_with_money_is_played_in_v2() -> None:
    changed = {change.where.split()[1] for change in Comparison(moved(DOCUMENT), DOCUMENT_V2).changes()}
    played = {OPERATIONS[example.operation][0].replace("/v1/", "/v2/") for example in PRICED}

    assert changed
    assert changed <= played


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_operation_has_examples_of_what_it_does_and_of_a_refusal_of_its_own(operation: str) -> None:
    shown = [example for example in EXAMPLES if example.operation == operation]

    if not any(not example.is_refusal for example in shown):
        how = HOW.format(place="success", operation=operation, name="done", status=200)
        pytest.fail(f"{operation} has no example of a success.{how}", pytrace=False)
    if "requestBody" in OPERATIONS[operation][2] and not any(example.is_refusal for example in shown):
        how = HOW.format(place="refusal", operation=operation, name="validation-failed", status=400)
        pytest.fail(f"{operation} takes a body and has no example of a refusal.{how}", pytrace=False)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation}-{example.name}")
def test_example_is_in_the_document_and_a_refusal_is_named_after_its_problem(example: Example) -> None:
    response = OPERATIONS[example.operation][2]["responses"][str(example.status)]

    if example.is_refusal:
        assert example.answer["type"] == f"/problems/{example.name}/"
        assert f"`{example.name}`" in response["description"]
    if example.answer is not None:
        shown = response["content"][CONTENT_TYPE if example.is_refusal else "application/json"]
        assert shown["examples"][example.name] == {"summary": example.summary, "value": example.answer}


def test_no_example_is_written_twice_or_for_an_operation_that_is_gone() -> None:
    names = [name for file in files() for name in yaml.load(file.read_text("utf-8"), LOADER)]

    assert len(set(names)) == len(names)
    assert set(names) <= set(OPERATIONS)
