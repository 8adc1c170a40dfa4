"""schemathesis follows what it gets: an id or a number in one answer is asked for in the next request, so resources are
made, read, changed and removed in any order. Each answer is held against the OpenAPI document, and what was removed
must not be found again.

The long form plays as many games as one says:

    CASES_EACH=100 python -m pytest tests/test_schemathesis_stateful.py
"""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.test_schemathesis import CASES_EACH, IS_LONG, PLAIN, one_connection, schema, world

__all__ = ["one_connection", "world"]  # fixtures: a shop with something in it, on one connection
GAMES = settings(
    max_examples=CASES_EACH * 2,
    stateful_step_count=20 if IS_LONG else 8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not IS_LONG,
)


def game(world: dict[str, Any], player: str, followed: list[str]) -> Any:
    """The rules for one player, and a shop that is as new before each game."""
    whole: set[str] = set()

    class Game(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.before = transaction.savepoint()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.before)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": world["headers"][player] | PLAIN}

        def before_call(self, case: Any) -> None:
            """Ask for whole rows: what is left out leads nowhere."""
            if (case.query or {}).pop("fields", None) is not None:
                whole.add(case.id)  # and what was wrong with it may have been just that

        def validate_response(self, response: Any, case: Any, *checks: Any, **kwargs: Any) -> None:
            """Say that the token is ours, or schemathesis takes an answer for a door that stands open."""
            given = {"headers": kwargs["headers"], "transport_kwargs": kwargs, "recorder": self.recorder}
            excluded = [negative_data_rejection] if case.id in whole else []
            case.validate_response(response, None, *checks, excluded_checks=excluded, **given)

        def after_call(self, response: Any, case: Any) -> None:
            super().after_call(response, case)
            followed.append(f"{case.operation.label} {response.status_code}")

    return Game


@pytest.mark.timeout(120 * CASES_EACH)
@pytest.mark.parametrize("player", ["alice", "carol"])
def test_every_game_with_the_api_goes_as_the_document_says(world: dict[str, Any], player: str) -> None:
    followed: list[str] = []

    run_state_machine_as_test(game(world, player, followed), settings=GAMES)

    assert any("{" in step for step in followed)
    assert any(step.endswith(("200", "201", "204")) for step in followed)
