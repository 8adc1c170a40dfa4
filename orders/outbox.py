"""The outbox: what is to be done after a commit, written in that commit, and done at least once whatever breaks.

    book.record, post ─► row ─► relay publishes its id ─► worker claims it ─► acts ─► marks it done
                    ▲            │ (again after 20, 40, 80, 80 … s)         │
                    └────────────┴──────────── failed: later; too often: dead, replayable from the admin

The broker never holds the only copy: it may lose every message and the relay publishes them again. So a message may
arrive twice; the claim sees to it that only one worker acts at a time, and that a done message is not acted on again.

Roadmap: messaging/transactional-outbox, messaging/dead-letter-queue, messaging/idempotent-tasks-and-retries
"""

import json
import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from opentelemetry import trace

from accounts import trail
from orders import figures
from orders.gateways import ProviderFailed
from orders.models import OutboxMessage

logger = logging.getLogger(__name__)

#: Seconds that a worker may hold a message; longer than a task may run, so two workers never hold one. For letters see
#: `mail.lease`.
LEASE = 15
#: After so many failed attempts somebody must look. The pauses below add up to about two and a half hours.
MOST_ATTEMPTS = 24
#: Letters, webhooks, and other messages, that the relay keeps with the broker at a time. A longer queue would outlast
#: the first 20 seconds, and every message in it would be published again behind itself.
MOST_WAITING = 200
#: Seconds between attempts at most.
LONGEST_PAUSE = 600

Send = Callable[[UUID, str], None]
Consumer = Callable[[Mapping[str, Any]], None]


class Claimed(NamedTuple):
    """A message that this worker holds: what it says, the how manieth attempt this is, and what led to it."""

    topic: str
    payload: Mapping[str, Any]
    attempts: int
    context: Mapping[str, str]


# SKIP LOCKED: several relays share the work instead of waiting for each other. The row is marked before it is
# published, and comes due again by itself: a relay that dies in between delays a message, it loses none. Nor does a
# broker that forgets, and never by more than 80 seconds: while 200 messages wait for it, new ones do, too.
# Letters and webhooks queue apart from the rest and from each other: a mail server or a stranger's server that hangs
# holds up no money.
# MATERIALIZED: what is due is looked up once. As a mere subquery PostgreSQL may look it up again for every row that it
# compares, each time with a limit of its own, and publishes all there is.
PUBLISH = """
WITH due AS MATERIALIZED (
    SELECT found.id FROM (VALUES ('mail'), ('webhook'), ('')) line (name), LATERAL (
        SELECT id FROM orders_outboxmessage
        WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()
            AND coalesce(substring(topic from '^(mail|webhook)[.]'), '') = line.name
        ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT (
            SELECT greatest(least(%(limit)s, %(most)s - count(*)), 0) FROM (
                SELECT FROM orders_outboxmessage
                WHERE done_at IS NULL AND dead_at IS NULL AND due_at > now() AND publications > 0
                    AND coalesce(substring(topic from '^(mail|webhook)[.]'), '') = line.name
                LIMIT %(most)s
            ) waiting
        )
    ) found
)
UPDATE orders_outboxmessage message SET
    publications = publications + 1,
    due_at = now() + make_interval(secs => 20 * 2 ^ least(publications, 2))
FROM due WHERE message.id = due.id
RETURNING message.id, message.topic, message.context
"""

CLAIM = """
UPDATE orders_outboxmessage SET attempts = attempts + 1, claimed_until = now() + make_interval(secs => %s)
WHERE id = %s AND done_at IS NULL AND dead_at IS NULL AND (claimed_until IS NULL OR claimed_until < now())
RETURNING topic, payload, attempts, context
"""


def post(topic: str, payload: Mapping[str, Any], *, due_at: datetime | None = None) -> None:
    """Write a message in the caller's transaction, to be published at once or not before `due_at`.

    Apps to the right know this function by `settings.OUTBOX` only.
    """
    OutboxMessage.objects.create(topic=topic, payload=dict(payload), context=trail.carried(), due_at=due_at or Now())


def publish_due(send: Send, *, limit: int = 100) -> int:
    """Hand the ids of due messages to `send`; return how many it took. What it refuses comes due again in a second.

    At most `limit` of letters, webhooks and others each, and none of a kind of which `MOST_WAITING` are still with the
    workers.

    Roadmap: databases/postgresql
    """
    with connection.cursor() as cursor:
        cursor.execute(PUBLISH, {"limit": limit, "most": MOST_WAITING})
        due = cursor.fetchall()
    for sent, (message_id, topic, context) in enumerate(due):
        try:
            with trail.resumed(json.loads(context)):
                send(message_id, topic)
            figures.PUBLISHED.labels(figures.lane_of(topic)).inc()
        except Exception as failure:  # whatever the broker's client raises, the row must come back
            logger.warning("cannot publish: %s", failure)
            left = [id_ for id_, *_ in due[sent:]]
            soon = Now() + timedelta(seconds=1)
            OutboxMessage.objects.filter(pk__in=left).update(
                due_at=soon,
                publications=Greatest(F("publications") - 1, 0),  # a failure that a worker wrote down since made it 0
            )
            return sent
    return len(due)


def perform(
    message_id: UUID,
    consumers: Mapping[str, Consumer],
    *,
    mourners: Mapping[str, Consumer] | None = None,
    lease: int = LEASE,
) -> bool:
    """Act on a message unless somebody else does or did; return whether this call finished it.

    The consumer runs outside of any transaction and may be repeated: it must end in the same place each time. A mourner
    hears that its message is given up, in the transaction that buries it.
    """
    message = _claim(message_id, lease)
    if message is None:
        return False
    trace.get_current_span().set_attribute("shop.topic", message.topic)  # the task's name alone says only which queue
    with trail.resumed(message.context):
        return _act(message_id, message, consumers, mourners or {})


def _act(
    message_id: UUID, message: Claimed, consumers: Mapping[str, Consumer], mourners: Mapping[str, Consumer]
) -> bool:
    topic, payload, attempts, _ = message
    bury = partial(_bury, message_id, mourn=partial(mourners.get(topic, _forget), payload))
    if attempts > MOST_ATTEMPTS:  # it has killed its worker each time, so nobody could say why
        figures.MESSAGES.labels(topic, "dead").inc()
        bury("gave up after too many attempts")
        return False
    try:
        consumers[topic](payload)
    except Exception as failure:
        expected = isinstance(failure, ProviderFailed | OSError)  # a neighbour is away: one line is enough
        logger.warning("%s failed, attempt %s: %s", topic, attempts, failure, exc_info=not expected)
        error = f"{type(failure).__name__}: {failure}"
        if attempts < MOST_ATTEMPTS:
            _try_later(message_id, attempts, error)
        else:
            bury(error)
        figures.MESSAGES.labels(topic, "failed" if attempts < MOST_ATTEMPTS else "dead").inc()
        return False
    OutboxMessage.objects.filter(pk=message_id).update(done_at=Now(), error="")
    figures.MESSAGES.labels(topic, "done").inc()
    return True


def _claim(message_id: UUID, lease: int) -> Claimed | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [lease, message_id])
        row = cursor.fetchone()
    if row is None:
        return None
    topic, payload, attempts, context = row
    return Claimed(topic, json.loads(payload), attempts, json.loads(context))


def _try_later(message_id: UUID, attempts: int, error: str) -> None:
    """Come back after 1, 2, 4, … seconds, a little scattered so that a thousand failures do not return as one."""
    pause = min(2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - scatter, not secrecy
    due = Now() + timedelta(seconds=pause)
    OutboxMessage.objects.filter(pk=message_id).update(due_at=due, claimed_until=None, publications=0, error=error)


@transaction.atomic
def _bury(message_id: UUID, error: str, *, mourn: Callable[[], None]) -> None:
    logger.error("message %s is dead: %s", message_id, error)
    OutboxMessage.objects.filter(pk=message_id).update(dead_at=Now(), claimed_until=None, error=error)
    mourn()


def _forget(message: Mapping[str, Any]) -> None:
    """Nobody need hear of its end but who reads the list of dead letters."""


def forget_letters(*, now: datetime | None = None) -> int:
    """Delete the letters about accounts that left more than a day ago, and with them the addresses; return how many."""
    day_ago = (now or timezone.now()) - timedelta(days=1)
    return OutboxMessage.objects.filter(topic="mail.account", done_at__lt=day_ago).delete()[0]


def replay(message_ids: list[UUID]) -> int:
    """Give dead messages a new life, from the first attempt; return how many there were."""
    fresh = {"dead_at": None, "attempts": 0, "publications": 0, "due_at": Now(), "claimed_until": None}
    return OutboxMessage.objects.dead().filter(pk__in=message_ids).update(**fresh)
