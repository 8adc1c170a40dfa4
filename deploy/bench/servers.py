"""The same shop on different application servers: how fast, and what becomes of requests when one is told to stop.

    in turns:   purchases and product lists per second
    SIGTERM     to the server under load: every request that it took must be answered
    SIGKILL     of one worker under load: the others sell on, and a new one comes

What came of it stands in `docs/decisions/0006-application-server.md`.

Roadmap: deployment/application-server, performance/vertical-scaling
"""

import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import httpx

from deploy.bench.contestants import SHOP, Contest, contest
from deploy.bench.crowd import PRODUCTS, Crowd
from deploy.bench.load import Tally, forever, get, press

GRANIAN = f"granian --interface wsgi {SHOP}:application --host 127.0.0.1 --port $PORT --backlog 1024 --no-ws"
GUNICORN = f"gunicorn {SHOP}:application --bind 127.0.0.1:$PORT --backlog 1024 --no-control-socket"
SERVERS = {
    "granian 2x4": f"{GRANIAN} --workers 2 --blocking-threads 4 --respawn-failed-workers",
    "granian 2x8": f"{GRANIAN} --workers 2 --blocking-threads 8 --respawn-failed-workers",
    "gunicorn gthread 2x8": f"{GUNICORN} --workers 2 --threads 8 --worker-class gthread",
    "gunicorn sync 8": f"{GUNICORN} --workers 8 --worker-class sync",
}
LIST = "/api/v1/products/"
MOST_PER_SECOND = 1_500
#: When the signal comes, in seconds after the load began, and how long the load goes on after it.
SIGNAL_AFTER, LOAD_AFTER = 1.5, 3.5
CLIENTS_OF_TRIALS = 16


class Rate(NamedTuple):
    """What was measured: which server, what it was asked for, by how many at once."""

    server: str
    asked: str
    clients: int


class Trial(NamedTuple):
    """What became of the requests around a signal. `lost`: sold, but the buyer got no answer."""

    server: str
    signal: str
    answered: int
    wrong: str
    lost: int
    sells_again: bool


def compare(
    *, names: Sequence[str], clients: Sequence[int], rounds: int, seconds: float, tell: Callable[[str], object]
) -> tuple[dict[Rate, list[Tally]], list[Trial]]:
    """Measure all servers in turns, then try each with both signals."""
    lines = {_key(name): SERVERS[name] for name in names}
    tallies: dict[Rate, list[Tally]] = defaultdict(list)
    with contest(lines, tell=tell) as held:
        crowd = Crowd(held.shop, int(MOST_PER_SECOND * max(seconds, SIGNAL_AFTER + LOAD_AFTER)))
        held.start(*lines)
        for rate in _rates(names, clients, rounds):
            tell(f"{rate.server}: {rate.asked}, {rate.clients} clients")
            tallies[rate].append(_run(held, crowd, rate, seconds))
        trials = [_try(held, crowd, name, number, tell) for name in names for number in ("SIGTERM", "SIGKILL")]
    return tallies, trials


def _key(name: str) -> str:
    """A name that a Procfile takes."""
    return name.replace(" ", "-")


def _rates(names: Sequence[str], clients: Sequence[int], rounds: int) -> Iterator[Rate]:
    for number in range(rounds):
        for count in clients:
            for asked in ("purchase", "list"):
                yield from (Rate(name, asked, count) for name in (reversed(names) if number % 2 else names))


def _run(held: Contest, crowd: Crowd, rate: Rate, seconds: float) -> Tally:
    port = held.ports[_key(rate.server)]
    requests: Iterable[bytes] = crowd.presses(products=PRODUCTS) if rate.asked == "purchase" else forever(get(LIST))
    right = 201 if rate.asked == "purchase" else 200
    return press(port, requests, clients=rate.clients, seconds=seconds, right=right)


def _try(held: Contest, crowd: Crowd, name: str, signal_name: str, tell: Callable[[str], object]) -> Trial:
    """Buy, send the signal in the middle of it, and count orders against answers."""
    tell(f"{name}: {signal_name} under load")
    leader, port = held.shop[_key(name)].pid, held.ports[_key(name)]
    target = leader if signal_name == "SIGTERM" else _workers(leader)[0]
    before = _paid(crowd)
    timer = threading.Timer(SIGNAL_AFTER, os.kill, [target, getattr(signal, signal_name)])
    requests = crowd.presses(products=PRODUCTS)
    timer.start()
    tally = press(port, requests, clients=CLIENTS_OF_TRIALS, seconds=SIGNAL_AFTER + LOAD_AFTER)
    time.sleep(1)
    lost = _paid(crowd) - before - len(tally.times) - tally.late
    wrong = ", ".join(f"{what} ×{times}" for what, times in tally.wrong.items())
    trial = Trial(name, signal_name, len(tally.times) + tally.late, wrong, lost, _answers(port))
    if not trial.sells_again:
        held.shop[_key(name)].kill()
        held.start(_key(name))
    return trial


def _workers(leader: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(leader)], capture_output=True, text=True)
    return [int(pid) for pid in listed.stdout.split()]


def _paid(crowd: Crowd) -> int:
    row = crowd.connection.execute("SELECT count(*) FROM orders_order WHERE status = 'paid'").fetchone()
    return int(row[0]) if row else 0


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz/live", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
