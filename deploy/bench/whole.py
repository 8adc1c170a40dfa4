"""Everything in one run: reads, purchases, statements, memory, logins, outbox. A few minutes; `--long` adds the scale.

    one shop, one database ─► the shop as it is, with less of its cache, and before a provider that answers at once;
                              the floor's purchase and the reference's reads, all behind the same server line

Roadmap: testing/load-and-stress-tests, testing/database-load-tests
"""

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import httpx

from deploy.bench import costs, drain, overload, scale, statements
from deploy.bench.contestants import BARE, REFERENCE, SHOP, WHOLE, Contest, as_in_procfile, contest
from deploy.bench.figures import Figure
from deploy.bench.purchases import Kind, Results, check_books, crowd_for, prepare_provider, run_rounds
from deploy.bench.reads.duels import Duel, ask, ask_graphql, fight
from deploy.embedded.ports import LOOPBACK

LIST = "/api/v1/products/"
GRAPHQL_LIST = """{ products(first: 24) { edges { node {
    sku slug name price { amount currency } available rating reviewCount
    category { slug } images { url alt width height }
} } } }"""
Tell = Callable[[str], object]
#: `redis`: without the memory of each process; `uncached`: every answer is made anew.
LINES = {
    "bare": as_in_procfile(BARE),
    "ours": as_in_procfile(SHOP),
    "whole": as_in_procfile(WHOLE),
    "redis": f"env CATALOGUE_CACHE=redis {as_in_procfile(WHOLE)}",
    "uncached": f"env CATALOGUE_CACHE=off {as_in_procfile(WHOLE)}",
    "reference": REFERENCE,
}


def measure(options: Namespace, tell: Tell) -> list[Figure]:
    """Run everything; raises ServerTrouble if a side cannot start, answers wrong, or its books do not add up."""
    clients, rounds, seconds = options.clients or [1, 8, 32], options.rounds, options.seconds
    with contest(LINES, also=["provider"], tell=tell) as held:
        prepare_provider(held)
        crowd = crowd_for(held, clients=clients, seconds=seconds)
        held.start(*LINES)
        figures = _reads(held, rounds, seconds, tell)
        results = run_rounds(held, crowd, clients=clients, rounds=rounds, seconds=seconds, tell=tell)
        figures += [*_purchases(results, clients), *_statements(held, results, clients, rounds, seconds, tell)]
        peak = max(results.per_second(Kind("ours", "spread", count)) for count in clients)
        figures += overload.overload(held, crowd, peak=peak, clients=max(clients), seconds=seconds, tell=tell)
        check_books(held, crowd)
        tell("memory and logins")
        figures += costs.of_processes(held.shop["whole"], held.ports["whole"])
        figures += costs.of_logins(held.shop.env, held.ports["whole"], crowd.tokens[0])
        for name in LINES:
            held.shop[name].stop()
        figures += drain.drain(held.shop, tell=tell)
        if options.long:
            held.start("uncached", "reference", "ours")
            size = {"products": options.products, "orders": options.orders}
            figures += scale.flatness(held, crowd, **size, rounds=rounds, seconds=seconds, tell=tell)
        return figures


def _reads(held: Contest, rounds: int, seconds: float, tell: Tell) -> list[Figure]:
    """The catalogue, with 8 clients; the constant has the bytes that the shop's list has."""
    answer = httpx.get(f"http://{LOOPBACK}:{held.ports['whole']}{LIST}", trust_env=False).raise_for_status()
    Path(held.shop.env["STATE_DIR"], "body.json").write_bytes(answer.content)
    slug = answer.json()["results"][0]["slug"]
    constant, detail = ask("reference", "/bench/constant/"), ask("uncached", f"{LIST}{slug}/")
    uncached = ask("uncached", LIST)
    duels = [
        Duel("list from the process / constant", ask("whole", LIST), constant, 0.85),
        Duel("list from Redis / constant", ask("redis", LIST), constant, 0.60),
        Duel("list uncached / values and orjson", uncached, ask("reference", "/bench/plain/"), 0.75),
        Duel("list uncached / DRF by the book", uncached, ask("reference", "/bench/products/"), 1.7),
        Duel("detail uncached / DRF by the book", detail, ask("reference", f"/bench/products/{slug}/"), 1.5),
        Duel("time of GraphQL list / REST list", ask_graphql("uncached", GRAPHQL_LIST), uncached, 2.5, by_time=True),
    ]
    return fight(duels, held.ports, clients=8, rounds=rounds, seconds=seconds, tell=tell)


def _purchases(results: Results, clients: Sequence[int]) -> Iterator[Figure]:
    """Ours beside the bare view, one product beside a thousand, many clients beside some."""
    for count in clients:
        kind = Kind("ours", "spread", count)
        rates = [results.per_second(kind), results.per_second(kind._replace(side="floor"))]
        beside = f"{rates[0]:,.0f}/s : {rates[1]:,.0f}/s"
        yield Figure(f"purchases / bare view, {_clients(count)}", results.ratio(kind), 0.5, beside=beside)
    for count in clients:
        kind = Kind("ours", "spread", count)
        beside = f"{results.per_second(kind):,.0f}/s : {results.per_second(kind._replace(side='bare')):,.0f}/s"
        ratio = results.ratio(kind, floor="bare")
        yield Figure(f"purchases / bare view alone, {_clients(count)}", ratio, beside=beside)
    some, many = min(clients, key=lambda count: abs(count - 8)), max(clients)
    for count in dict.fromkeys([some, many]):
        yield Figure(
            f"one product / a thousand, {_clients(count)}",
            _ratio(results, Kind("ours", "hot", count), Kind("ours", "spread", count)),
            0.9,
        )
    spread = Kind("ours", "spread", some)
    times = [results.percentile(kind, 95) for kind in (spread, spread._replace(side="floor"))]
    beside = f"{times[0]:.0f} ms : {times[1]:.0f} ms"
    yield Figure(
        f"p95 of a purchase / bare view, {_clients(some)}",
        times[0] / times[1] if times[1] else None,
        3,
        most=True,
        beside=beside,
    )
    ratio = _ratio(results, spread._replace(clients=many), spread)
    yield Figure(f"purchases with {_clients(many)} / {_clients(some)}", ratio, 0.95)


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"


def _ratio(results: Results, kind: Kind, other: Kind) -> float:
    """The median of what each round says."""
    pairs = zip(results.tallies[kind], results.tallies[other], strict=True)
    return median(its.against(its_other) for its, its_other in pairs)


def _statements(
    held: Contest, results: Results, clients: Sequence[int], rounds: int, seconds: float, tell: Tell
) -> Iterator[Figure]:
    """The floor's statements without a server in front, beside what we sell with as many at once."""
    tell("pgbench and a loop in Python")
    some = min(clients, key=lambda count: abs(count - 8))
    sold = results.per_second(Kind("ours", "spread", some))
    database = held.shop.servers.database_url
    asked = {
        "pgbench": lambda: statements.pgbench(database, clients=8, seconds=seconds),
        "a loop in Python": lambda: statements.loops(held.shop.env, seconds=seconds),
    }
    for name, ask_once in asked.items():
        rate = median(ask_once() for _ in range(rounds))
        yield Figure(f"purchases / the floor's SQL by {name}", sold / rate, beside=f"{sold:,.0f}/s : {rate:,.0f}/s")
