"""The negative control: a machine that never loses proves nothing; it must find each of these bugs in short games."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orders import settlement
from orders.outbox import claims
from shop import stock
from tests.model.background_rules import PurchaseMachine
from tests.model.test_purchase_machine import SHORT

Break = Callable[[pytest.MonkeyPatch], None]
QUICK = settings(SHORT, max_examples=100, phases=[Phase.generate])  # it stops at the first loss

RELEASE = stock.release
FORGETFUL_CLAIM = claims.CLAIM.replace("done_at IS NULL AND ", "")


def release_that_forgets_the_second_line(lines: Any) -> None:
    RELEASE(list(lines)[:1])


BUGS: dict[str, Break] = {
    "release forgets": lambda patch: patch.setattr(stock, "release", lambda lines: None),
    "release forgets a line": lambda patch: patch.setattr(stock, "release", release_that_forgets_the_second_line),
    "done messages are done again": lambda patch: patch.setattr(claims, "CLAIM", FORGETFUL_CLAIM),
    # Needs a declined order, a bank that approves it after all, and the news of it.
    "late money is kept": lambda patch: patch.setattr(settlement, "_let_go", lambda order, outcome: None),
}


@pytest.mark.breaks_the_books
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", [*list(BUGS)[:-1], pytest.param(list(BUGS)[-1], marks=pytest.mark.long)])
def test_machine_finds_it(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)

    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(PurchaseMachine, settings=QUICK)
