"""The outbox: what is to be done after a commit, written in that commit, and done at least once whatever breaks.

    book.record, post ─► row ─► relay publishes its id ─► worker claims it ─► acts ─► marks it done
                    ▲            │ (again after 20, 40, 80, 80 … s)         │
                    └────────────┴──────────── failed: later; too often: dead, replayable from the admin

The broker never holds the only copy: it may lose every message and the relay publishes them again. So a message may
arrive twice; the claim sees to it that only one worker acts at a time, and that a done message is not acted on again.

`relaying` publishes, `work` acts, and `claims` holds the statements by which a worker takes a message and lets it go.

Roadmap: messaging/transactional-outbox
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from accounts import trail
from orders.models import OutboxMessage
from orders.outbox.claims import LEASE, LONGEST_PAUSE
from orders.outbox.relaying import MOST_TOGETHER, MOST_WAITING, Send, publish_due
from orders.outbox.work import MOST_ATTEMPTS, Consumer, perform, perform_together

__all__ = [
    "LEASE",
    "LONGEST_PAUSE",
    "MOST_ATTEMPTS",
    "MOST_TOGETHER",
    "MOST_WAITING",
    "Consumer",
    "Send",
    "forget_letters",
    "perform",
    "perform_together",
    "post",
    "publish_due",
    "replay",
]


def post(topic: str, payload: Mapping[str, Any], *, due_at: datetime | None = None) -> None:
    """Write a message in the caller's transaction, to be published at once or not before `due_at`.

    Apps to the right know this function by `settings.OUTBOX` only.
    """
    OutboxMessage.objects.create(topic=topic, payload=dict(payload), context=trail.carried(), due_at=due_at or Now())


def forget_letters(*, now: datetime | None = None) -> int:
    """Delete the letters about accounts that left more than a day ago, and with them the addresses; return how many."""
    day_ago = (now or timezone.now()) - timedelta(days=1)
    return OutboxMessage.objects.filter(topic="mail.account", done_at__lt=day_ago).delete()[0]


def replay(message_ids: list[UUID]) -> int:
    """Give dead messages a new life, from the first attempt; return how many there were.

    They count as published before, so each travels alone: it may be what kills.
    """
    revived = {"dead_at": None, "attempts": 0, "publications": 1, "due_at": Now(), "claimed_until": None}
    return OutboxMessage.objects.dead().filter(pk__in=message_ids).update(**revived)
