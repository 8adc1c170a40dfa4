"""Four times as many buyers as the shop can serve at once: what still gets through, what becomes of the rest, and how
soon it is over.

The shop has two processes of eight threads; whoever comes beyond them waits in the server's queue. In front of the
composed shop nginx counts what one address may ask (`deploy/nginx/limits.conf`); here nobody stands in front.

Roadmap: testing/load-and-stress-tests
"""

import time
from collections.abc import Callable

from deploy.bench.contestants import Contest
from deploy.bench.crowd import PRODUCTS, Crowd
from deploy.bench.figures import Figure
from deploy.bench.load import get, press

TIMES = 4
#: An answer that comes as fast as this says that nobody waits any more; seconds.
AT_EASE, PATIENCE = 0.1, 30.0


def overload(
    held: Contest, crowd: Crowd, *, peak: float, clients: int, seconds: float, tell: Callable[[str], object]
) -> list[Figure]:
    """`peak`: purchases per second with so many clients, the most that it can do."""
    tell(f"{TIMES * clients} clients at once")
    port = held.ports["ours"]
    presses = crowd.presses(products=PRODUCTS)
    ends = time.monotonic() + seconds
    tally = press(port, presses, clients=TIMES * clients, seconds=seconds)  # waits for what was begun, too
    rest = _recovery(port)
    over = None if rest is None else max(0.0, time.monotonic() - ends)
    refused = ", ".join(f"{what} ×{times}" for what, times in tally.wrong.items()) or "nobody was refused"
    waits = f"{refused}; p99 {tally.percentile(99):,.0f} ms"
    goodput = tally.per_second / peak if peak else None
    return [
        Figure(f"goodput with {TIMES} × {clients} clients / the most", goodput, 0.8, beside=waits),
        Figure("recovery after it", over, 5, most=True, unit=" s"),
    ]


def _recovery(port: int) -> float | None:
    """Seconds until a request is answered at ease again; None if that takes too long."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < PATIENCE:
        tally = press(port, [get("/healthz/live")], clients=1, seconds=5, right=200)
        if tally.times and tally.times[0] < AT_EASE:
            return waited
    return None
