"""What the relay does: find what is due, mark it, hand it to the broker, several of a kind together.

    due ─► marked as published (comes due again by itself) ─► fresh ones of a quick kind: in groups ─► broker
                                                          └─► all others: one by one ───────────────┘

A task costs its queue, its worker and its log more than most messages cost the database: 4.9 ms of processor time in
relay and worker for a message alone, 1.5 together. The plain way, one task for each message, is `MOST_TOGETHER = {}`.

Roadmap: messaging/transactional-outbox, databases/postgresql
"""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest, Now

from accounts import trail
from orders import figures
from orders.models import OutboxMessage

logger = logging.getLogger(__name__)

#: Letters, webhooks, and other messages, that the relay keeps with the broker at a time. A longer queue would outlast
#: the first 20 seconds, and every message in it would be published again behind itself.
MOST_WAITING = 200
#: How many messages one task carries at most, by the first word of their topic; what is not here travels alone. Letters
#: and webhooks wait for strangers' servers, pictures and lists of deliveries take seconds: one would hold up the rest.
MOST_TOGETHER = {"payment": 25}
#: What waits is shared out among at least so many tasks: a few messages shall not queue behind one worker while the
#: other has nothing to do.
SHARES = 8

Send = Callable[[Sequence[UUID], str], None]


class Due(NamedTuple):
    """A message that was just marked as published, how many of its lane are with the workers, how fresh it is."""

    id: UUID
    topic: str
    context: Mapping[str, str]
    was_due: datetime
    waiting: int
    is_fresh: bool


# SKIP LOCKED: several relays share the work instead of waiting for each other. The row is marked before it is
# published, and comes due again by itself: a relay that dies in between delays a message, it loses none. Nor does a
# broker that forgets, and never by more than 80 seconds: while 200 messages wait for it, new ones do, too.
# Letters and webhooks queue apart from the rest and from each other: a mail server or a stranger's server that hangs
# holds up no money.
# MATERIALIZED: what is due is looked up once. As a mere subquery PostgreSQL may look it up again for every row that it
# compares, each time with a limit of its own, and publishes all there is.
# Fresh is what nobody has begun: not a second publication, which may follow on a worker's death, and no failure.
PUBLISH = """
WITH line AS MATERIALIZED (
    SELECT name, (
        SELECT count(*) FROM (
            SELECT FROM orders_outboxmessage
            WHERE done_at IS NULL AND dead_at IS NULL AND due_at > now() AND publications > 0
                AND coalesce(substring(topic from '^(mail|webhook)[.]'), '') = name
            LIMIT %(most)s
        ) with_workers
    ) AS waiting
    FROM (VALUES ('mail'), ('webhook'), ('')) lane (name)
), due AS MATERIALIZED (
    SELECT found.*, line.waiting FROM line, LATERAL (
        SELECT id, due_at FROM orders_outboxmessage
        WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()
            AND coalesce(substring(topic from '^(mail|webhook)[.]'), '') = line.name
        ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT greatest(least(%(limit)s, %(most)s - line.waiting), 0)
    ) found
)
UPDATE orders_outboxmessage message SET
    publications = publications + 1,
    due_at = now() + make_interval(secs => 20 * 2 ^ least(publications, 2))
FROM due WHERE message.id = due.id
RETURNING message.id, message.topic, message.context, due.due_at, due.waiting,
    message.publications = 1 AND message.attempts = 0
"""


def publish_due(send: Send, *, limit: int = 100) -> int:
    """Hand the ids of due messages to `send`; return how many it took. What it refuses comes due again in a second.

    At most `limit` of letters, webhooks and others each, and none of a kind of which `MOST_WAITING` are still with the
    workers. `send` gets ids that may travel together and the topic of the first.
    """
    with connection.cursor() as cursor:
        cursor.execute(PUBLISH, {"limit": limit, "most": MOST_WAITING})
        rows = cursor.fetchall()
    due = [Due(id_, topic, json.loads(context), *rest) for id_, topic, context, *rest in rows]
    sent = 0
    for group in (groups := list(_together(due))):
        try:
            with trail.resumed(group[0].context if len(group) == 1 else {}):  # several have no trail in common
                send([message.id for message in group], group[0].topic)
        except Exception as failure:  # whatever the broker's client raises, the rows must come back
            logger.warning("cannot publish: %s", failure)
            _take_back([message.id for group in groups for message in group][sent:])
            return sent
        sent += len(group)
        figures.PUBLISHED.labels(figures.lane_of(group[0].topic)).inc(len(group))
    return sent


def _together(due: Iterable[Due]) -> Iterator[list[Due]]:
    """Share messages out, what was due first at the front of each group and of all."""
    kinds: dict[str, list[Due]] = defaultdict(list)
    for message in sorted(due, key=lambda message: message.was_due):
        first = message.topic.partition(".")[0]
        if message.is_fresh and first in MOST_TOGETHER:
            kinds[first].append(message)
        else:
            yield [message]
    for first, messages in kinds.items():
        share = -(-(messages[0].waiting + len(messages)) // SHARES)
        size = min(share, MOST_TOGETHER[first])
        for start in range(0, len(messages), size):
            yield messages[start : start + size]


def _take_back(message_ids: Iterable[UUID]) -> None:
    soon = Now() + timedelta(seconds=1)
    OutboxMessage.objects.filter(pk__in=message_ids).update(
        due_at=soon,
        publications=Greatest(F("publications") - 1, 0),  # a failure that a worker wrote down since made it 0
    )
