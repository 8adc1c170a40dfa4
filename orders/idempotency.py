"""One request, one effect: the key that a client sends with a request that must happen once, and the answer it keeps.

    new key                                   → the caller goes on
    known key, same request, answered         → the kept answer, byte for byte
    known key, same request, still running    → RequestInProgress
    known key, same request, its process died → the caller resumes what it began
    known key, another request                → IdempotencyKeyReused

The key is claimed in the transaction that does the work: a refusal that rolls back frees the key, and a second request
with the same key waits for the first one's commit inside PostgreSQL's unique index. `docs/idempotency.md` has the
status codes. Source: draft-ietf-httpapi-idempotency-key-header.

Roadmap: api/idempotency
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from orders.errors import IdempotencyKeyMissing, IdempotencyKeyReused, RequestInProgress
from orders.models import IdempotencyKey

#: How long a key and its answer are kept. Stripe and the draft's authors use the same day.
KEPT_FOR = timedelta(hours=24)
#: How long the first request may run before a retry may take over: longer than the payment deadline plus two commits.
RUNS_FOR = timedelta(seconds=10)


class Answer(NamedTuple):
    """What a request was answered. Core keeps it and gives it back; only the edge knows what it means."""

    status: int
    content_type: str
    location: str
    body: str


class Request(NamedTuple):
    """One request that must happen once: whose it is, its key, and a digest of everything it asked for."""

    user_id: int
    key: str
    fingerprint: str


class Claim(NamedTuple):
    """The key is ours. `is_new` is false when an earlier request with it died half-way and this one takes over."""

    id: int
    is_new: bool


def identify(*, user_id: int, key: str | None, method: str, path: str, body: bytes) -> Request:
    """Build the request's identity; raise IdempotencyKeyMissing for a key that is missing, too long or unprintable."""
    if not key or len(key) > 255 or not (key.isascii() and key.isprintable()):
        raise IdempotencyKeyMissing
    digest = hashlib.sha256(b"\n".join([method.encode(), path.encode(), body]))
    return Request(user_id, key, digest.hexdigest())


CLAIM = """
INSERT INTO orders_idempotencykey (user_id, key, fingerprint, created_at, locked_until)
VALUES (%s, %s, %s, now(), %s) ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""


def claim(request: Request, *, now: datetime | None = None) -> Claim | Answer:
    """Claim the key, or return the answer it already has. One statement for a new key. Must run in a transaction."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [*request, now + RUNS_FOR])
        if row := cursor.fetchone():
            return Claim(row[0], is_new=True)
    kept = IdempotencyKey.objects.select_for_update().filter(user_id=request.user_id, key=request.key).first()
    if kept is None:  # freed between the two statements by the hourly clean-up
        raise RequestInProgress
    if kept.created_at < now - KEPT_FOR:
        kept.delete()
        return claim(request, now=now)
    return _known(kept, request, now)


def _known(kept: IdempotencyKey, request: Request, now: datetime) -> Claim | Answer:
    if kept.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    if kept.answer is not None:
        return Answer(**kept.answer)
    if kept.locked_until > now:
        raise RequestInProgress
    kept.locked_until = now + RUNS_FOR
    kept.save(update_fields=["locked_until"])
    return Claim(kept.pk, is_new=False)


def once(request: Request, act: Callable[[], Answer]) -> Answer:
    """Act and keep the answer, both in one transaction; return the kept answer if it was done before.

    For what one transaction can do whole. A refusal rolls back and frees the key.
    """
    with transaction.atomic(durable=True):
        claimed = claim(request)
        return claimed if isinstance(claimed, Answer) else keep(claimed.id, act())


def as_json(answer: Answer) -> dict[str, Any]:
    """Return the answer as it is stored."""
    return answer._asdict()


def keep(claim_id: int | None, answer: Answer) -> Answer:
    """Keep the answer of a request whose work is already committed, unless one was kept before; return the kept one."""
    if claim_id is None:
        return answer  # the key was a day old and is forgotten; the order is not
    IdempotencyKey.objects.filter(pk=claim_id, answer__isnull=True).update(answer=as_json(answer))
    kept = IdempotencyKey.objects.filter(pk=claim_id).values_list("answer", flat=True).first()
    return Answer(**kept) if kept else answer


# The keys first, then their orders, as in `claim`: the other way round the two would wait for each other. A key that a
# retry holds is passed over.
FORGET = """
WITH old AS (
    SELECT id FROM orders_idempotencykey WHERE created_at < %s ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
), freed AS (
    UPDATE orders_order SET idempotency_key_id = NULL FROM old WHERE idempotency_key_id = old.id
)
DELETE FROM orders_idempotencykey kept USING old WHERE kept.id = old.id
"""


def forget_old(*, now: datetime | None = None, batch: int = 1000) -> int:
    """Delete keys older than a day; return how many. Their orders stay. Each batch is a transaction of its own."""
    forgotten, deleted = 0, batch
    while deleted == batch:
        with connection.cursor() as cursor:
            cursor.execute(FORGET, [(now or timezone.now()) - KEPT_FOR, batch])
            deleted = cursor.rowcount
        forgotten += deleted
    return forgotten
