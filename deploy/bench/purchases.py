"""Purchases per second: ours and the floor's in turns, so that both meet the same noise; then the medians.

    for each round, number of clients, and product (any of 1,000, or always the same):
        floor ─► bare ─► ours ─► ours before the provider's real process      (every other round: the other way round)

The ratio is the median of the rounds' own ratios: what slows the machine for a minute slows both sides of one pair.

Roadmap: testing/load-and-stress-tests, testing/database-load-tests
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from random import Random
from statistics import median
from typing import NamedTuple

import httpx

from deploy.bench.contestants import BARE, REFERENCE, SHOP, WHOLE, Contest, as_in_procfile, contest
from deploy.bench.crowd import PRODUCTS, Crowd
from deploy.bench.load import Tally, post, press
from deploy.embedded import ServerTrouble
from deploy.local.process import ROOT

FLOOR_TABLES = (ROOT / "deploy" / "bench" / "floor.sql").read_text()
LINES = {
    "reference": REFERENCE,
    "bare": as_in_procfile(BARE),
    "ours": as_in_procfile(SHOP),
    "whole": as_in_procfile(WHOLE),
}
#: `floor` is the bare view behind the shop's middleware, `bare` the same view behind none.
SIDES = {"floor": "reference", "bare": "bare", "ours": "ours", "whole": "whole"}
#: Buyers are prepared for a machine that sells this much; on a faster one a run ends early and still counts right.
MOST_PER_SECOND = 1_500
#: Seconds of load that nobody counts, on each side before the first round.
WARM_UP = 2.0
SPREAD = {"spread": PRODUCTS, "hot": 1}
BOOKS_OF_THE_FLOOR = """
SELECT sold = (SELECT sum(quantity) FROM floor.line) AND sold = (SELECT -sum(quantity) FROM floor.ledger)
   AND sold = (SELECT count(*) FROM floor.purchase WHERE status = 'paid') AND sold = (SELECT count(*) FROM floor.outbox)
   AND reserved = 0, sold
FROM (SELECT 1000000 * count(*) - sum(on_hand) AS sold, sum(reserved) AS reserved FROM floor.stock) AS stock
"""


class Kind(NamedTuple):
    """One kind of load on one side."""

    side: str
    products: str
    clients: int


class Results:
    """The tallies of each kind, one per round."""

    def __init__(self) -> None:
        self.tallies: dict[Kind, list[Tally]] = defaultdict(list)

    def per_second(self, kind: Kind) -> float:
        return median(tally.per_second for tally in self.tallies[kind])

    def percentile(self, kind: Kind, percent: float) -> float:
        return median(tally.percentile(percent) for tally in self.tallies[kind])

    def ratio(self, kind: Kind, floor: str = "floor") -> float:
        """How much of the floor's purchases are made under the same load."""
        pairs = zip(self.tallies[kind], self.tallies[kind._replace(side=floor)], strict=True)
        return median(its.against(floors) for its, floors in pairs)

    def wrong(self, kind: Kind) -> str:
        """What came back beside sales, as in `503 ×2`; empty if nothing."""
        wrong = sum((tally.wrong for tally in self.tallies[kind]), start=Tally().wrong)
        return ", ".join(f"{what} ×{times}" for what, times in wrong.items())


def measure(*, clients: Sequence[int], rounds: int, seconds: float, tell: Callable[[str], object]) -> Results:
    """Run everything; raises ServerTrouble if a side cannot start or its books do not add up afterwards."""
    with contest(LINES, also=["provider"], tell=tell) as held:
        prepare_provider(held)
        crowd = crowd_for(held, clients=clients, seconds=seconds)
        held.start(*LINES)
        results = run_rounds(held, crowd, clients=clients, rounds=rounds, seconds=seconds, tell=tell)
        check_books(held, crowd)
    return results


def crowd_for(held: Contest, *, clients: Sequence[int], seconds: float) -> Crowd:
    """Enough buyers for one measurement, and the floor's tables beside the shop's."""
    crowd = Crowd(held.shop, int(MOST_PER_SECOND * seconds) + max(clients))
    crowd.connection.execute(FLOOR_TABLES)
    return crowd


def run_rounds(
    held: Contest,
    crowd: Crowd,
    *,
    clients: Sequence[int],
    rounds: int,
    seconds: float,
    tell: Callable[[str], object],
) -> Results:
    """Measure every kind in every round; all sides have been started."""
    results = Results()
    for side in SIDES:  # the first requests of a thread load code and open connections
        run(held, crowd, Kind(side, "spread", max(clients)), seconds=min(seconds, WARM_UP), seed=-1)
    for number, kind in enumerate(kinds(clients, rounds)):
        tell(f"{kind.clients} clients, {kind.products}, {kind.side}")
        results.tallies[kind].append(run(held, crowd, kind, seconds=seconds, seed=number))
    return results


def kinds(clients: Sequence[int], rounds: int) -> Iterator[Kind]:
    """In the order in which they are run."""
    for number in range(rounds):
        for count in clients:
            pairs = [Kind(side, "spread", count) for side in SIDES]
            yield from reversed(pairs) if number % 2 else pairs
            pairs = [Kind(side, "hot", count) for side in ("floor", "ours")]
            yield from reversed(pairs) if number % 2 else pairs


def run(held: Contest, crowd: Crowd, kind: Kind, *, seconds: float, seed: int) -> Tally:
    products = SPREAD[kind.products]
    if kind.side in {"floor", "bare"}:
        requests = presses_of_the_floor(len(crowd.tokens), products, seed)
    else:
        requests = crowd.presses(products=products)
    return press(held.ports[SIDES[kind.side]], requests, clients=kind.clients, seconds=seconds)


def presses_of_the_floor(count: int, products: int, seed: int) -> list[bytes]:
    dice = Random(seed)
    bodies = [json.dumps({"product": dice.randint(1, products), "quantity": 1}).encode() for _ in range(count)]
    return [post("/bench/buy/", body) for body in bodies]


def prepare_provider(held: Contest) -> None:
    """Its webhooks tell the shop what it knows already, minutes later: the noise of another run."""
    httpx.put(f"{held.shop.provider_url}/_faults", json={"webhooks_off": True}, trust_env=False).raise_for_status()


def check_books(held: Contest, crowd: Crowd) -> None:
    """A side that is fast because it loses units is not fast."""
    adds_up, sold = crowd.connection.execute(BOOKS_OF_THE_FLOOR).fetchone() or (False, 0)
    if not adds_up:
        raise ServerTrouble(f"The floor sold {sold} units, and its books say otherwise.")
    held.shop.manage("audit")
