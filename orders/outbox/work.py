"""What a worker does: take a message or some, act, and say how each of them ended.

    perform             one: claimed and counted ─► acted on ─► done │ later │ dead
    perform_together    several that nobody has begun: claimed in one statement ─► one after the other
                          ├─ those that ended well are marked as done in one statement
                          ├─ one that fails is written down alone, at once; the next is begun
                          └─ those that are not begun within a second are given back, due at once

Two statements for a group instead of two for each message. A consumer runs outside of any transaction and may be
repeated: it must end in the same place each time. A mourner hears that its message is given up, in the transaction that
buries it.

Roadmap: messaging/idempotent-tasks-and-retries, messaging/dead-letter-queue
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import connection
from opentelemetry import trace
from psycopg.pq import TransactionStatus

from accounts import trail
from orders import figures
from orders.gateways import ProviderFailed
from orders.outbox import claims
from orders.outbox.claims import LEASE, Held

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
#: Where tasks say that they have run: see docs/logging.md.
lines = logging.getLogger("shop.task")

#: After so many failed attempts somebody must look. The pauses add up to about two and a half hours.
MOST_ATTEMPTS = 24
#: Seconds within which the messages of a group are begun. What waits for longer, because one before it is slow, had
#: better wait in the broker, where another worker is free for it.
PATIENCE = 1.0
#: Seconds after which what ended well is marked as done before the next is begun: if the worker died then, it would all
#: be done again.
UNWRITTEN = 0.1

Consumer = Callable[[Mapping[str, Any]], None]
Consumers = Mapping[str, Consumer]


def perform(message_id: UUID, consumers: Consumers, *, mourners: Consumers | None = None, lease: int = LEASE) -> bool:
    """Act on a message unless somebody else does or did; return whether this call finished it."""
    for message in claims.claim([message_id], lease):
        trace.get_current_span().set_attribute("shop.topic", message.topic)  # the task's name says only which queue
        with trail.resumed(message.context):
            if _ended_well(message, consumers, mourners or {}):
                _finish([message])
                return True
    return False


def perform_together(message_ids: Sequence[UUID], consumers: Consumers, *, lease: int = LEASE) -> int:
    """Act on those messages that nobody has begun yet, each under its own trail; return how many were finished.

    The lease covers them all: what is begun within `PATIENCE` ends before it, since the task is ended before it.
    Whatever ends this call, an interruption included, those that were not begun are given back.
    """
    left, done, finished = deque(claims.claim(message_ids, lease)), list[Held](), 0
    began = written = monotonic()
    try:
        while left and monotonic() - began < PATIENCE:
            message = left.popleft()
            if _under_its_own_trail(message, consumers):
                done.append(message)
            if monotonic() - written > UNWRITTEN:
                finished += _finish(done)
                done, written = [], monotonic()
    finally:
        finished += _let_go(done, left)
    return finished


def _let_go(done: Sequence[Held], left: Sequence[Held]) -> int:
    """What was not begun goes back even if what is done cannot be written down."""
    try:
        _hang_up_if_waiting()
        return _finish(done)
    finally:
        _hang_up_if_waiting()
        claims.give_back(left)


def _hang_up_if_waiting() -> None:
    """Who is interrupted in the midst of a statement leaves a connection that waits for its end and takes no other: how
    things ended could not be written down. The next statement makes a new one.
    """
    wire = connection.connection
    if wire is not None and wire.info.transaction_status == TransactionStatus.ACTIVE:
        connection.close()


def _under_its_own_trail(message: Held, consumers: Consumers) -> bool:
    """The task's trail is none of the message's, which was published with others that other requests caused. So it has
    a span and a line in the log of its own, as a task has that carries one message.
    """
    name, told, began = f"run/{message.topic}", {"shop.topic": message.topic}, monotonic()
    with (
        trail.resumed(message.context, apart=True),
        tracer.start_as_current_span(name, kind=trace.SpanKind.CONSUMER, attributes=told),
    ):
        if is_done := _ended_well(message, consumers, {}):
            lines.info("%s done", message.topic, extra={"duration_ms": round((monotonic() - began) * 1000, 1)})
        return is_done


def _ended_well(message: Held, consumers: Consumers, mourners: Consumers) -> bool:
    """Act; what does not end well is written down here."""
    mourn = mourners.get(message.topic, _forget)
    if message.attempts > MOST_ATTEMPTS:  # it has killed its worker each time, so nobody could say why
        figures.MESSAGES.labels(message.topic, "dead").inc()
        claims.bury(message, "gave up after too many attempts", mourn=mourn)
        return False
    try:
        consumers[message.topic](message.payload)
    except Exception as failure:
        _hang_up_if_waiting()
        expected = isinstance(failure, ProviderFailed | OSError)  # a neighbour is away: one line is enough
        logger.warning("%s failed, attempt %s: %s", message.topic, message.attempts, failure, exc_info=not expected)
        error = f"{type(failure).__name__}: {failure}"
        if message.attempts < MOST_ATTEMPTS:
            claims.try_later(message, error)
        else:
            claims.bury(message, error, mourn=mourn)
        figures.MESSAGES.labels(message.topic, "failed" if message.attempts < MOST_ATTEMPTS else "dead").inc()
        return False
    return True


def _finish(done: Sequence[Held]) -> int:
    if done:
        claims.finish(done)
    for message in done:
        figures.MESSAGES.labels(message.topic, "done").inc()
    return len(done)


def _forget(message: Mapping[str, Any]) -> None:
    """Nobody need hear of its end but who reads the list of dead letters."""
