"""The long form of the races: `python -m pytest -m long tests/races`, one to two hours on two idle cores.

RACE_RUNS (100) sales of 500 units to 32 clients, a third of them with overlapping baskets, and RACE_TRIALS (1000) times
eight presses with one key. Prints a table; a fault ends it at once. It ends by itself after three hours at the latest.
"""

import os
import time
from collections.abc import Callable

import pytest

from deploy.local.stack import Stack
from tests.races.aftermath import broken_promises, charges, deadlocks, mails, rest
from tests.races.crowd import crowd, shelf
from tests.races.presses import same_key
from tests.races.sale import assert_flawless, sell_out

pytestmark = [pytest.mark.long, pytest.mark.serial, pytest.mark.timeout(3 * 3600)]
RUNS, TRIALS = int(os.environ.get("RACE_RUNS", "100")), int(os.environ.get("RACE_TRIALS", "1000"))
UNITS, CLIENTS = 500, 32


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print past pytest's capture, while it happens."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    return say


@pytest.mark.roadmap("commerce/inventory")
def test_five_hundred_units_again_and_again(shop_stack: Stack, tell: Callable[[str], None]) -> None:
    tell(f"\n{'run':>4} {'products':>8} {'sold':>5} {'orders':>6} {'charges':>7} {'mails':>5} {'409':>5} {'failed':>6} "
         f"{'deadlocks':>9} {'seconds':>7} {'rest':>6}")  # fmt: skip
    for run in range(1, RUNS + 1):
        products, began = 4 if run % 3 == 0 else 1, time.monotonic()
        sale = sell_out(shop_stack, products=products, units=UNITS // products, clients=CLIENTS, patience=900)
        tally, whole = sale.tally, time.monotonic() - began
        tell(f"{run:>4} {products:>8} {tally.sold:>5} {tally.orders:>6} {tally.charged:>7} {tally.mails[1]:>5} "
             f"{tally.refused:>5} {tally.failed.total():>6} {sale.deadlocks:>9} {sale.seconds:>7.1f} "
             f"{whole - sale.seconds:>6.1f}")  # fmt: skip
        assert_flawless(sale, units=UNITS)
        assert broken_promises(shop_stack) == {}
    shop_stack.manage("audit", "--at-rest")


@pytest.mark.roadmap("api/idempotency")
def test_eight_presses_with_one_key_a_thousand_times(shop_stack: Stack, tell: Callable[[str], None]) -> None:
    [sku], before, since, began = (
        shelf(shop_stack, 1, units=TRIALS),
        deadlocks(shop_stack),
        time.time(),
        time.monotonic(),
    )
    with crowd(shop_stack, 1, hands=8) as hands:
        trials = [same_key(hands, sku) for _ in range(TRIALS)]
    seconds = time.monotonic() - began

    rest(shop_stack, seconds=900)
    orders, faults = {trial.order for trial in trials}, [fault for trial in trials for fault in trial.faults]
    told, letters = sum(trial.replayed for trial in trials), mails(shop_stack, orders, since=since)
    charged = charges(shop_stack, orders)
    tell(f"\n{TRIALS} trials of 8 presses in {seconds:.0f} s: {len(orders)} orders, {charged} charges, "
         f"{letters[1]} mails; {told} times 201, {8 * TRIALS - told} times 409, {len(faults)} faults, "
         f"{deadlocks(shop_stack) - before} deadlocks")  # fmt: skip
    assert (faults, len(orders), charged, letters) == ([], TRIALS, TRIALS, {1: TRIALS})
    shop_stack.manage("audit", "--at-rest")
