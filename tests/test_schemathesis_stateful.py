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

from tests.test_schemathesis import CASES_EACH, IS_LONG, PLAIN, one_connection, schema, world

__all__ = ["one_connection", "world"]  # fixtures: a shop with something in it, on one connection
GAMES = settings(
    max_examples=CASES_EACH * 2,
    stateful_step_count=20 if IS_LONG else 8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not IS_LONG,
)


@pytest.mark.timeout(120 * CASES_EACH)
@pytest.mark.parametrize("player", ["alice", "carol"])
def test_every_game_with_the_api_goes_as_the_document_says(world: dict[str, Any], player: str) -> None:
    followed: list[str] = []

    class Game(schema.as_state_machine()):  # type: ignore[misc]
        """One player, and a shop that is as new before each game."""

        def setup(self) -> None:
            self.before = transaction.savepoint()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.before)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": world["headers"][player] | PLAIN}

        def before_call(self, case: Any) -> None:
            """Ask for whole rows: what is left out leads nowhere."""
            case.query = {name: value for name, value in (case.query or {}).items() if name != "fields"}

        def validate_response(self, response: Any, case: Any, *checks: Any, **kwargs: Any) -> None:
            """Say that the token is ours, or schemathesis takes an answer for a door that stands open."""
            case.validate_response(
                response, None, *checks, headers=kwargs["headers"], transport_kwargs=kwargs, recorder=self.recorder
            )

        def after_call(self, response: Any, case: Any) -> None:
            super().after_call(response, case)
            followed.append(f"{case.operation.label} {response.status_code}")

    run_state_machine_as_test(Game, settings=GAMES)

    assert any("{" in step and step.endswith(("200", "201", "204")) for step in followed), followed
