"""Documents that nobody would write: whatever the GraphQL schema allows is asked, by a guest, by alice and by carol.

Each must be answered, or refused by a problem of the table: no fault of ours, no answer without words. The long form
asks a hundred times as much:

    python -m pytest -m long tests/test_graphql_fuzz.py
"""

from typing import Any

import pytest
import schemathesis
from graphql import StringValueNode
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from config.problems import PROBLEMS
from config.wsgi import application
from tests.test_schemathesis import CALLERS, one_connection, world

__all__ = ["one_connection", "world"]  # fixtures: a shop with something in it, on one connection
NUMBERS = st.sampled_from(["0", "-1", "12.80", "1e400", "NaN", "0.001", "99999999999999999999", "ten", ""])
schemathesis.graphql.scalar("Decimal", NUMBERS.map(lambda text: StringValueNode(value=text)))
schema = schemathesis.graphql.from_wsgi("/graphql/", application)
TYPES = {f"/problems/{problem.slug}/": problem.status for problem in PROBLEMS.values()}
HEALTH = {"deadline": None, "suppress_health_check": list(HealthCheck)}
pytestmark = pytest.mark.roadmap("api/graphql-schema-and-resolvers")


def ask(case: Any, world: dict[str, Any], caller: str) -> None:
    """Ask, and look at every error: it is a problem of the table, and none of ours."""
    answer = case.call(headers=world["headers"][caller])
    assert answer.status_code in {200, 400}, answer.content
    said = answer.json()
    for problem in [error["extensions"] for error in said.get("errors", ())] or ([said] if "type" in said else []):
        assert TYPES[problem["type"]] == problem["status"] < 500, problem
        assert problem["detail"]
    assert "data" in said or answer.status_code == 400


@pytest.mark.parametrize("caller", CALLERS)
@schema.parametrize()
@settings(max_examples=4, derandomize=True, **HEALTH)
def test_document_is_answered_or_refused_in_words(case: Any, world: dict[str, Any], caller: str) -> None:
    ask(case, world, caller)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("caller", CALLERS)
@schema.parametrize()
@settings(max_examples=400, **HEALTH)
def test_document_is_answered_or_refused_in_words_at_length(case: Any, world: dict[str, Any], caller: str) -> None:
    ask(case, world, caller)


def test_fault_of_ours_would_be_seen(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.schema.images.images_of", None)
    case = schema["Query"]["products"].Case(body="{ products { edges { node { images { url } } } } }")

    with pytest.raises(AssertionError, match="internal-error"):
        ask(case, world, "guest")
