"""Two sides asked the same in turns, so that both meet the same noise; the figure is the median of the ratios.

    for each round and duel:   theirs ─► ours      (every other round: ours ─► theirs)

Roadmap: testing/load-and-stress-tests, caching/purpose-of-caching
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from deploy.bench.figures import Figure
from deploy.bench.load import Tally, forever, get, post, press
from deploy.embedded import ServerTrouble


class Side(NamedTuple):
    """Who is asked for what."""

    contestant: str
    request: bytes


class Duel(NamedTuple):
    """Ours against theirs. `by_time`: the goal is how many times as long ours may take, not how much of the rate."""

    name: str
    ours: Side
    theirs: Side
    goal: float
    by_time: bool = False

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.ours, self.theirs


def ask(contestant: str, path: str) -> Side:
    """One GET of one contestant."""
    return Side(contestant, get(path))


def ask_graphql(contestant: str, document: str) -> Side:
    """One query of one contestant."""
    return Side(contestant, post("/graphql/", json.dumps({"query": document}).encode()))


def fight(
    duels: Sequence[Duel],
    ports: Mapping[str, int],
    *,
    clients: int,
    rounds: int,
    seconds: float,
    tell: Callable[[str], object],
) -> list[Figure]:
    """Run every duel; raises ServerTrouble when a side answers anything but 200, which would be a figure of nothing."""
    tallies: dict[tuple[Duel, int], list[Tally]] = defaultdict(list)
    for number in range(-1, rounds):
        for duel in duels:
            tell(duel.name)
            for place in (0, 1) if number % 2 else (1, 0):
                tally = _measure(duel.sides[place], ports, clients, min(seconds, 1.0) if number < 0 else seconds)
                if number >= 0:  # the round before the first loads code, opens connections and fills caches
                    tallies[duel, place].append(tally)
    return [_figure(duel, tallies[duel, 0], tallies[duel, 1]) for duel in duels]


def _measure(side: Side, ports: Mapping[str, int], clients: int, seconds: float) -> Tally:
    tally = press(ports[side.contestant], forever(side.request), clients=clients, seconds=seconds, right=200)
    if tally.wrong or not tally.times:
        asked = side.request.partition(b"\r\n")[0].decode()
        raise ServerTrouble(f"{side.contestant} answered {asked} with {dict(tally.wrong) or 'nothing'}.")
    return tally


def _figure(duel: Duel, ours: Sequence[Tally], theirs: Sequence[Tally]) -> Figure:
    ratio = median(its.against(other) for its, other in zip(ours, theirs, strict=True))
    rates = [median(tally.per_second for tally in tallies) for tallies in (ours, theirs)]
    beside = f"{rates[0]:,.0f}/s : {rates[1]:,.0f}/s"
    return Figure(duel.name, 1 / ratio if duel.by_time else ratio, duel.goal, most=duel.by_time, beside=beside)
