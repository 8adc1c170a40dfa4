"""From an event to the receivers: one delivery for each subscription, sent until somebody says 2xx or a day is over.

`announce` and `deliver` are consumers of the outbox and may be repeated: after a crash between sending and marking the
delivery is sent again, with the same id and the same body. A slow receiver holds up other receivers at most: deliveries
have a lane of the outbox, a queue and a worker of their own.

Roadmap: messaging/idempotent-tasks-and-retries, security/ssrf, architecture/event-driven
"""

import json
import logging
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from accounts import letters
from orders import figures, outbox
from orders.errors import TargetRefused
from orders.models import Order, WebhookDelivery, WebhookSubscription
from orders.webhooks import signing, targets
from orders.webhooks.subscriptions import secrets_of
from orders.webhooks.targets import Resolve

logger = logging.getLogger(__name__)
#: After each failed attempt; a day and a half hour in all. A receiver that was down over night hears everything.
PAUSES = [
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=7), timedelta(hours=10),
]  # fmt: skip
#: So long what was sent can be looked up, and sent again.
KEPT_FOR = timedelta(days=30)
#: The receiver says that nobody will ever listen there again.
GONE = 410
Status = WebhookDelivery.Status


def announce(message: Mapping[str, Any]) -> None:
    """Tell what happened to an order."""
    order = Order.objects.get(pk=message["order"])
    content = {"order": order.number, "total": str(order.total), "currency": order.currency}
    tell(message["kind"], UUID(message["event"]), at=message["at"], content=content)


@transaction.atomic
def tell(kind: str, event: UUID, *, at: str, content: Mapping[str, Any]) -> None:
    """Write a delivery for each subscription that listens; repeated, it writes none twice."""
    body = json.dumps({"type": kind, "timestamp": at, "data": content})
    wanted = {uuid5(event, str(one.pk)): one for one in WebhookSubscription.objects.listening(kind)}
    known = set(WebhookDelivery.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    for delivery_id, listener in wanted.items():
        if delivery_id not in known:
            WebhookDelivery.objects.create(id=delivery_id, subscription=listener, type=kind, body=body)
            _promise(delivery_id)


def deliver(delivery_id: UUID, *, look_up: Resolve = targets.resolve, now: datetime | None = None) -> None:
    """Send it once, unless it has arrived or is dead; if that fails, promise the next attempt or bury it."""
    pending = WebhookDelivery.objects.filter(pk=delivery_id, status=Status.PENDING)
    delivery = pending.select_related("subscription").first()
    if delivery is None:
        return
    now = now or timezone.now()
    delivery.attempts += 1
    if delivery.subscription.disabled_at:
        _fail(delivery, None, "The subscription is switched off.", now, is_final=True)
        return
    try:
        headers = _headers(delivery, now)
        reply = targets.send(delivery.subscription.url, delivery.body.encode(), headers, look_up=look_up)
    except (TargetRefused, OSError) as failure:
        _fail(delivery, None, str(failure) or type(failure).__name__, now)
        return
    if 200 <= reply.status < 300:
        figures.DELIVERIES.labels("delivered").inc()
        _write(delivery, status=Status.DELIVERED, delivered_at=now, answered=reply.status, error="", next_at=None)
    else:
        _fail(delivery, reply.status, reply.said, now, is_final=reply.status == GONE)


@transaction.atomic
def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send it again from the first attempt, whether or not it has arrived: the receiver knows it by its id."""
    changes = {"status": Status.PENDING, "attempts": 0, "next_at": timezone.now(), "error": ""}
    if not WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=Status.PENDING).update(**changes):
        return delivery  # it is on its way already
    _promise(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def forget_settled(*, now: datetime | None = None) -> int:
    """Delete what was sent or given up and began more than a month ago; return how many deliveries there were."""
    month_ago = (now or timezone.now()) - KEPT_FOR
    settled = WebhookDelivery.objects.exclude(status=Status.PENDING)
    return settled.filter(created_at__lt=month_ago).delete()[0]


def _headers(delivery: WebhookDelivery, now: datetime) -> dict[str, str]:
    secrets = secrets_of(delivery.subscription, now=now)
    return signing.headers(delivery.message_id, int(now.timestamp()), delivery.body.encode(), secrets)


def _promise(delivery_id: UUID, *, due_at: datetime | None = None) -> None:
    outbox.post("webhook.delivery", {"delivery": str(delivery_id)}, due_at=due_at)


@transaction.atomic
def _fail(
    delivery: WebhookDelivery, answered: int | None, error: str, now: datetime, *, is_final: bool = False
) -> None:
    """The next attempt is promised in the transaction that writes this one down: neither can be lost alone."""
    logger.warning("webhook %s, attempt %s: %s %s", delivery.pk, delivery.attempts, answered or "", error[:200])
    is_dead = is_final or delivery.attempts > len(PAUSES)
    figures.DELIVERIES.labels("dead" if is_dead else "failed").inc()
    scatter = random.uniform(1, 1.2)  # noqa: S311 - scatter, not secrecy
    next_at = None if is_dead else now + PAUSES[delivery.attempts - 1] * scatter
    status = Status.DEAD if is_dead else Status.PENDING
    _write(delivery, status=status, answered=answered, error=error[:200], next_at=next_at)
    if next_at:
        _promise(delivery.pk, due_at=next_at)
    else:
        _switch_off_if_deaf(delivery, now, is_gone=answered == GONE)


def _write(delivery: WebhookDelivery, **changes: Any) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(attempts=delivery.attempts, **changes)


def _switch_off_if_deaf(delivery: WebhookDelivery, now: datetime, *, is_gone: bool) -> None:
    """Nothing has arrived since before this delivery: nobody listens there. One letter tells the owner."""
    listener = delivery.subscription
    heard = WebhookDelivery.objects.filter(subscription=listener, delivered_at__gte=delivery.created_at).exists()
    if heard and not is_gone:
        return
    is_off_now = WebhookSubscription.objects.filter(pk=listener.pk, disabled_at=None).update(disabled_at=now)
    if is_off_now and listener.owner.is_active:  # a closed account has no address any more
        letters.post("webhook_switched_off", to=listener.owner.email, url=listener.url)
