"""Who waits how long for what, in one table, each figure read from where it is in force.

    client ─► nginx ─► application server ─► pool ─► statement ─► lock
                                        └──► payment provider ─► one attempt
    broker ─► task ─► provider, receiver of a webhook, mail server

One rule holds them together: what waits inside gives up before what waits outside does. Then whoever gives up says
what it was (503, a problem, a log line); the other way round the outer one hangs up on work that goes on, the person
presses again, and nobody knows why. `ORDER` names the pairs; `docs/timeouts.md` is written from this.

Roadmap: security/dos-protection, workflow/documentation
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings

from accounts.throttling import buckets
from config import caches, health, queues
from config.metrics import neighbours
from config.waits import sources
from orders import breaker, idempotency, outbox, tasks
from orders.webhooks import targets

HEAD = """# Time-outs

Every wait of the shop, read by `config/waits` from where it is in force; `make schema` writes this page. What waits
inside gives up before what waits outside does: then whoever gives up can still say what happened.

"""


class Wait(NamedTuple):
    """Somebody waits: seconds (None: not set on this machine), who for what, and what happens at the end."""

    seconds: Callable[[], float | None]
    what: str
    then: str


WAITS: dict[str, Wait] = {
    "client": Wait(
        sources.client,
        "our own clients (`deploy/demo`, `deploy/partner`) for an answer",
        "asks again with the same Idempotency-Key",
    ),
    "nginx answer": Wait(lambda: sources.nginx("proxy_read_timeout"), "nginx for the shop's answer", "504"),
    "nginx connect": Wait(
        lambda: sources.nginx("proxy_connect_timeout"),
        "nginx for a free place in a web process",
        "the other replica, then 502",
    ),
    "nginx head": Wait(lambda: sources.nginx("client_header_timeout"), "nginx for the head of a request", "408"),
    "head": Wait(
        lambda: sources.server("http1-header-read-timeout"),
        "the application server for the head of a request",
        "hangs up",
    ),
    "stop": Wait(
        lambda: sources.server("workers-kill-timeout"),
        "the application server for what runs, when it is stopped",
        "kills it",
    ),
    "purchase": Wait(sources.purchase, "a buyer, at the longest, for a purchase that ends well", "(a sum, no limit)"),
    "lease of a key": Wait(
        lambda: idempotency.RUNS_FOR.total_seconds(), "a repeated purchase for the first one", "takes it over"
    ),
    "reconciliation": Wait(
        lambda: settings.RECONCILE_AFTER.total_seconds(),
        "the periodic task for a purchase to end by itself",
        "asks the provider",
    ),
    "provider": Wait(
        lambda: settings.PAYMENT_DEADLINE.total_seconds(),
        "a purchase for the payment provider, all attempts",
        "503, the order stays pending",
    ),
    "attempt": Wait(sources.one_attempt, "one attempt for the provider", "a second attempt, or as above"),
    "pool": Wait(lambda: settings.POOL_TIMEOUT, "a request for a free database connection", "503"),
    "connect": Wait(sources.connect, "a process for PostgreSQL to answer the door", "503"),
    "idle transaction": Wait(
        lambda: sources.database("idle_in_transaction_session_timeout"),
        "PostgreSQL for the next statement of a transaction",
        "ends it, its locks are free",
    ),
    "statement": Wait(lambda: sources.database("statement_timeout"), "a request for one statement", "503"),
    "lock": Wait(lambda: sources.database("lock_timeout"), "a statement for a lock", "503, nothing is written"),
    "cache": Wait(lambda: caches.SOCKET_PATIENCE, "a request for the cache", "PostgreSQL is asked"),
    "breaker": Wait(lambda: breaker.PATIENCE, "a purchase for the breaker's count", "each process counts alone"),
    "buckets": Wait(lambda: buckets.PATIENCE, "a request for its buckets", "is not counted"),
    "probe": Wait(lambda: health.TIMEOUT, "`/healthz/ready` for each part", "the part is down"),
    "gauge": Wait(lambda: neighbours.PATIENCE, "`/metrics` for the broker", "the figure is left out"),
    "broker": Wait(
        lambda: float(queues.VISIBILITY_TIMEOUT), "Redis as the broker for a task's end", "gives it to another worker"
    ),
    "outbox": Wait(lambda: float(outbox.LEASE), "the outbox for a task's end", "sends the message again"),
    "task": Wait(lambda: float(queues.TASK_TIME_LIMIT), "a worker for a task", "kills it; the message comes again"),
    "group": Wait(
        lambda: tasks.move_money.soft_time_limit,
        "messages about payments for one that travels with them",
        "it has failed; they are given back",
    ),
    "webhook": Wait(lambda: targets.DEADLINE, "a worker for the receiver of a webhook", "tries again later"),
    "letter": Wait(sources.letter, "the mail worker for its task", "kills it; the message comes again"),
    "mail server": Wait(
        lambda: float(settings.EMAIL_TIMEOUT), "the mail worker for the mail server", "tries again later"
    ),
}

#: Inner, outer, and what would happen otherwise.
ORDER = [
    ("nginx answer", "client", "the client would never see the 504"),
    ("purchase", "nginx answer", "a purchase that is paid would be shown as failed"),
    ("purchase", "client", "the same, where no nginx stands between"),
    ("nginx connect", "nginx answer", "the other replica would not be tried"),
    ("provider", "stop", "a deployment would cut purchases that wait for the provider"),
    ("provider", "lease of a key", "a repeated press would run beside the first"),
    ("provider", "reconciliation", "the provider would be asked about purchases that still run"),
    ("provider", "task", "the task would be killed while it asks the provider"),
    ("attempt", "provider", "there would be no second attempt"),
    ("connect", "pool", "the pool would give up before it knew that PostgreSQL is away"),
    ("lock", "statement", "who waits for a lock would be told of a slow statement"),
    ("statement", "idle transaction", "a transaction would end between two slow statements"),
    ("provider", "group", "a call to the provider would be cut off before it gives up by itself"),
    ("group", "task", "messages behind one that hangs would wait until their claim ends"),
    ("statement", "task", "the task would be killed instead of told"),
    ("buckets", "cache", "counting would cost more than what it guards"),
    ("cache", "connect", "a missing cache would hold up what it is there to speed up"),
    ("breaker", "attempt", "asking whether to ask would take longer than asking"),
    ("webhook", "task", "a slow receiver would look like a broken worker"),
    ("task", "outbox", "the message would run twice at once"),
    ("outbox", "broker", "the outbox would never be the one that sends again"),
    ("mail server", "letter", "a letter would be cut while the mail server reads it, and come twice"),
]


def disorder() -> Iterator[str]:
    """Name each pair whose inner wait does not end before the outer one."""
    for inner, outer, otherwise in ORDER:
        inside, outside = WAITS[inner].seconds(), WAITS[outer].seconds()
        if inside is not None and outside is not None and inside >= outside:
            yield f"{inner} ({inside:g} s) does not end before {outer} ({outside:g} s): {otherwise}"


def page() -> str:
    """Return `docs/timeouts.md`."""
    rows = "".join(
        f"| {name} | {seconds:g} | {wait.what} | {wait.then} |\n"
        for name, wait in WAITS.items()
        if (seconds := wait.seconds()) is not None
    )
    pairs = "".join(f"| {inner} | {outer} | {otherwise} |\n" for inner, outer, otherwise in ORDER)
    return (
        f"{HEAD}| Wait | Seconds | Who waits for what | Then |\n|---|---|---|---|\n{rows}\n## The order\n\n"
        f"| Ends first | Before | Otherwise |\n|---|---|---|\n{pairs}"
    )
