"""A machine that plays shop: it buys, retries, cancels, refunds, restocks, kills and waits in any order it likes.
After each step the books, the shelves, the carts and the provider must be what a few plain dictionaries say.

    make prove                                             25 games of 30 steps, always the same ones
    python -m pytest -m long tests/model                   5,000 games of 50 steps, new ones each time
    GAMES=300 python -m pytest -m long tests/model         as many as you have time for

The short form is derandomized: a red suite is about the change at hand, never about luck. The long form explores, keeps
what it finds in var/hypothesis and plays that first the next time.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from tests.model.background_rules import PurchaseMachine

# Without `explain`: it traces every line, which costs more than the games themselves.
SHORT = settings(
    max_examples=25, stateful_step_count=30, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
)  # fmt: skip
LONG = settings(
    SHORT, max_examples=int(os.environ.get("GAMES", 5000)), stateful_step_count=50, derandomize=False,
    database=DirectoryBasedExampleDatabase("var/hypothesis"), phases=[Phase.reuse, Phase.generate, Phase.shrink],
)  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.timeout(600)  # to make a loss short takes a while
@pytest.mark.roadmap("testing/integration-tests")
def test_every_game_of_the_shop_keeps_its_books() -> None:
    run_state_machine_as_test(PurchaseMachine, settings=SHORT)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_every_long_game_of_the_shop_keeps_its_books() -> None:
    run_state_machine_as_test(PurchaseMachine, settings=LONG)
