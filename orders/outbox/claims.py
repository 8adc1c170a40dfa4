"""How a worker takes messages and lets them go: done, later, dead, or back as if it had never had them.

    claim ─► Held ─► finish        acted on, never again
                 ├─► try_later     failed: again after 1, 2, 4 … s
                 ├─► bury          failed too often: dead
                 └─► give_back     not begun: due at once, before what came later
             no word at all (the worker is dead) ─► the claim ends by itself

Roadmap: messaging/idempotent-tasks-and-retries, messaging/dead-letter-queue
"""

import json
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now

from orders.models import OutboxMessage

logger = logging.getLogger(__name__)

#: Seconds that a worker may hold messages; longer than a task may run, so two workers never hold one. For letters see
#: `mail.lease`.
LEASE = 15
#: Seconds between attempts at most.
LONGEST_PAUSE = 600
#: What is given back stands where it stood in line, but no further back than this: the age of what is due rings an
#: alarm (`OutboxNotPublished`), and a dead letter that was replayed may be days old.
BACK_IN_LINE = timedelta(seconds=30)


class Held(NamedTuple):
    """A message that this worker holds, until when, what it says, the how manieth attempt this is, what led to it."""

    id: UUID
    topic: str
    payload: Mapping[str, Any]
    attempts: int
    context: Mapping[str, str]
    until: datetime


# The rows are locked in the order of their ids: two workers that were handed the same messages, which a broker may do,
# cannot each hold what the other one waits for. Who waited sees what the first one wrote, and takes what is left.
# An attempt that may kill its worker is counted before it begins. Of several messages only one is begun at a time, so
# theirs are counted when they end; if the worker dies, each of them is published alone from then on. What was begun
# before is not taken along with others: it may be what kills.
CLAIM = """
WITH free AS (
    SELECT id FROM orders_outboxmessage
    WHERE id = ANY(%(ids)s) AND done_at IS NULL AND dead_at IS NULL AND (claimed_until IS NULL OR claimed_until < now())
        AND (attempts = 0 OR %(counted)s = 1)
    ORDER BY id FOR UPDATE
)
UPDATE orders_outboxmessage message
SET attempts = attempts + %(counted)s, claimed_until = now() + make_interval(secs => %(lease)s)
FROM free WHERE message.id = free.id
RETURNING message.id, topic, payload, attempts + 1 - %(counted)s, context, claimed_until
"""


def claim(message_ids: Sequence[UUID], lease: int) -> list[Held]:
    """Take those that nobody holds and nobody has done, in the order given."""
    with connection.cursor() as cursor:
        counted = 1 if len(message_ids) == 1 else 0
        cursor.execute(CLAIM, {"ids": list(message_ids), "lease": lease, "counted": counted})
        rows = {row[0]: row for row in cursor.fetchall()}
    in_order = [rows[message_id] for message_id in message_ids if message_id in rows]
    return [
        Held(id_, topic, json.loads(payload), attempts, json.loads(context), until)
        for id_, topic, payload, attempts, context, until in in_order
    ]


def finish(done: Iterable[Held]) -> None:
    """Mark them all as done, in one statement."""
    ids = [message.id for message in done]
    OutboxMessage.objects.filter(pk__in=ids).update(done_at=Now(), error="", attempts=Greatest(F("attempts"), 1))


def give_back(messages: Sequence[Held]) -> None:
    """Undo the claim on what was not begun, if it still is ours: the relay may publish it again at once."""
    if messages:
        ours = {"pk__in": [message.id for message in messages], "claimed_until": messages[0].until}
        OutboxMessage.objects.filter(**ours).update(
            claimed_until=None,
            publications=Greatest(F("publications") - 1, 0),
            due_at=Greatest(F("created_at"), Now() - BACK_IN_LINE),
        )


def try_later(message: Held, error: str) -> None:
    """Come back after 1, 2, 4, … seconds, a little scattered so that a thousand failures do not return as one. What
    somebody else holds meanwhile, since our lease has ended, is theirs.
    """
    pause = min(2 ** (message.attempts - 1), LONGEST_PAUSE)
    due = Now() + timedelta(seconds=pause * random.uniform(0.75, 1.25))  # noqa: S311 - scatter, not secrecy
    _still_ours(message).update(due_at=due, claimed_until=None, publications=0, attempts=message.attempts, error=error)


@transaction.atomic
def bury(message: Held, error: str, *, mourn: Callable[[Mapping[str, Any]], None]) -> None:
    """Give a message up, if it still is ours; whoever mourns it hears in the same transaction."""
    if _still_ours(message).update(dead_at=Now(), claimed_until=None, error=error):
        logger.error("message %s is dead: %s", message.id, error)
        mourn(message.payload)


def _still_ours(message: Held) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(pk=message.id, claimed_until=message.until)
