"""What happens to the money after the purchase: captured, voided or given back, and found again when nobody answered.

Everything here is called by the outbox or by the clock, may run twice or be killed at any line, and ends in the same
place. The pattern is always: claim the step in a short transaction, call the provider with none open, write it down.

Roadmap: commerce/external-services, messaging/idempotent-tasks-and-retries, testing/mocks-and-stubs
"""

import json
import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import stripe
from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts import trail
from orders import book
from orders.errors import BadWebhook
from orders.gateways import PaymentGateway, ProviderFailed
from orders.models import Order, Payment, Refund, WebhookEvent
from orders.outcomes import Authorized, Declined, Missing, Unknown, Unsent
from orders.settlement import close, settle
from orders.states import OrderStatus, PaymentStatus, RefundStatus

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)
#: Seconds that a webhook's timestamp may lie back: a recorded one cannot be played again later. Stripe's own figure.
WEBHOOK_TOLERANCE = 300
#: A pending order whose payment the provider answers with errors and does not hold, this long after the press.
GIVE_UP_AFTER = timedelta(seconds=30)
#: Seconds after which a round of `reconcile` asks about no further order: the next one begins soon, with others.
ROUND = 6
#: PostgreSQL's advisory lock that a round holds; any number that nothing else uses.
ROUND_LOCK = 20_261_120


def capture(order_id: int, *, gateway: PaymentGateway) -> None:
    """Take the money that was held for a paid order. Does nothing when a cancellation has claimed it first."""
    payment = _claim(order_id, PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURING, "CaptureStarted")
    if payment:
        gateway.capture(payment)
        _finish(order_id, PaymentStatus.CAPTURING, PaymentStatus.CAPTURED, "PaymentCaptured")


def void(order_id: int, *, gateway: PaymentGateway) -> None:
    """Let go whatever the provider holds for an order that came to nothing, and see to it that nothing comes after:
    a request that is still on its way there would hold the money when nobody asks any more.
    """
    payment = Payment.objects.select_related("order").get(order_id=order_id)
    if payment.status != PaymentStatus.VOIDING:
        return
    outcome = gateway.find(payment)
    if isinstance(outcome, Missing):
        outcome = gateway.forestall(payment)
    if isinstance(outcome, Unsent) or outcome == Unknown():
        raise ProviderFailed("The provider did not say what it holds.")
    if isinstance(outcome, Authorized | Unknown):
        payment.provider_id = outcome.provider_id
        gateway.void(payment)
    _finish(order_id, PaymentStatus.VOIDING, PaymentStatus.VOIDED, "PaymentVoided", provider_id=payment.provider_id)


def refund(refund_id: UUID, *, gateway: PaymentGateway) -> None:
    """Give the money of one refund back; a payment that is still being captured is waited for."""
    due = Refund.objects.select_related("payment__order").get(pk=refund_id)
    if due.status == RefundStatus.SUCCEEDED:
        return
    if due.payment.status != PaymentStatus.CAPTURED:
        raise ProviderFailed("The money is not captured yet; a refund must wait for it.")
    _refunded(due, gateway.refund(due))


@transaction.atomic(durable=True)
def _refunded(due: Refund, provider_id: str) -> None:
    order = Order.objects.locked(due.payment.order_id)
    changed = Refund.objects.filter(pk=due.pk, status=RefundStatus.PENDING).update(
        status=RefundStatus.SUCCEEDED, provider_id=provider_id
    )
    if not changed:
        return
    open_refunds = Refund.objects.filter(payment=order.payment, status=RefundStatus.PENDING).exists()
    if order.payment.refundable == 0 and not open_refunds:
        order.payment.move_to(PaymentStatus.REFUNDED)
        if order.status != OrderStatus.CANCELLED:
            order.move_to(OrderStatus.REFUNDED)
    book.record(order, "PaymentRefunded", details={"refund": str(due.pk), "amount": str(due.amount)})


@transaction.atomic(durable=True)
def _claim(order_id: int, old: PaymentStatus, new: PaymentStatus, event: str) -> Payment | None:
    """Announce a step before it is taken; once announced it is resumed. None when the payment stands elsewhere."""
    order = Order.objects.locked(order_id)
    if order.payment.status == old:
        order.payment.move_to(new)
        book.record(order, event)
    return order.payment if order.payment.status == new else None


@transaction.atomic(durable=True)
def _finish(
    order_id: int, old: PaymentStatus, new: PaymentStatus, event: str, *, provider_id: str | None = None
) -> None:
    """Write down that the announced step was taken; a second worker that took it too finds it written.

    With `provider_id` only if the payment still is what we acted on: a late authorization may have been found.
    """
    order = Order.objects.locked(order_id)
    payment = order.payment
    if payment.status == old and (provider_id is None or payment.provider_id in {"", provider_id}):
        payment.move_to(new)
        payment.provider_id = payment.provider_id or provider_id or ""
        book.record(order, event)


def reconcile(*, gateway: PaymentGateway, now: datetime | None = None, limit: int = 100, seconds: float = ROUND) -> int:
    """Finish pending orders that nobody finished: close those out of time, ask the provider about others by their key.

    Returns how many were closed or asked about: at most `limit` of each, and none is asked about once `seconds` are
    over or the breaker is open. One round at a time, whichever process begins it; another returns 0.
    """
    now = now or timezone.now()
    with _one_at_a_time() as is_ours:
        return _close_expired(now, limit) + _ask_about_some(gateway, now, limit, seconds) if is_ours else 0


@contextmanager
def _one_at_a_time() -> Iterator[bool]:
    """Hold the round's lock, if it is free, and say whether it was. It belongs to the session: PostgreSQL frees it when
    the process is killed. A slow provider thus keeps one worker busy and not all.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ROUND_LOCK])
        is_ours = cursor.fetchone()[0]
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ROUND_LOCK])


def _close_expired(now: datetime, limit: int) -> int:
    pending = Order.objects.filter(status=OrderStatus.PENDING, reserved_until__lte=now).order_by("reserved_until")
    expired = list(pending.values_list("pk", flat=True)[:limit])
    for order_id in expired:
        with _by_itself(order_id):
            _close_if_pending(order_id, OrderStatus.EXPIRED, "The payment was not confirmed in time.")
    return len(expired)


def _ask_about_some(gateway: PaymentGateway, now: datetime, limit: int, seconds: float) -> int:
    """In random order: those that get no answer keep no other from its turn."""
    end = time.monotonic() + seconds
    pending = Order.objects.filter(status=OrderStatus.PENDING, placed_at__lte=now - settings.RECONCILE_AFTER)
    unheard = list(pending.filter(reserved_until__gt=now).order_by("pk").values_list("pk", flat=True))
    for asked, order_id in enumerate(random.sample(unheard, min(limit, len(unheard)))):
        if time.monotonic() >= end or gateway.is_refusing():
            return asked
        with _by_itself(order_id):
            _ask(order_id, gateway, now)
    return min(limit, len(unheard))


@contextmanager
def _by_itself(order_id: int) -> Iterator[None]:
    """Let no order's failure end the round for the others; a database that is away ends it."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("order %s cannot be reconciled", order_id)


def _ask(order_id: int, gateway: PaymentGateway, now: datetime) -> None:
    """Repeat the call with its key: it returns what the first one did, or does it now. Failing that, look it up.

    A provider that keeps answering with an error and holds nothing is given up on: `void` sees to it that the money
    does not turn up later.
    """
    order = Order.objects.select_related("payment").filter(pk=order_id, status=OrderStatus.PENDING).first()
    if order is None:
        return  # it ended while the round was busy with others: charging it now would be for nothing
    outcome = gateway.authorize(order.payment)
    if isinstance(outcome, Unknown):
        outcome = gateway.find(order.payment)
    if isinstance(outcome, Authorized | Declined):
        settle(order.pk, outcome)
    elif isinstance(outcome, Missing) and order.placed_at <= now - GIVE_UP_AFTER:
        _close_if_pending(order.pk, OrderStatus.CANCELLED, "The payment provider could not take the payment.")


@transaction.atomic(durable=True)
def _close_if_pending(order_id: int, status: OrderStatus, reason: str) -> None:
    """Close an order that is still pending and give the buyer the cart back."""
    order = Order.objects.locked(order_id)
    if order.status == OrderStatus.PENDING:
        close(order, status, reason)


def receive_webhook(*, payload: bytes, signature: str) -> None:
    """Store a signed event once, with the message that has it worked on; raise BadWebhook for any other."""
    try:
        stripe.Webhook.construct_event(payload, signature, settings.PAYMENT_WEBHOOK_SECRET, WEBHOOK_TOLERANCE)
        event: dict[str, Any] = json.loads(payload)
        if not (isinstance(event["id"], str) and isinstance(event["type"], str)):
            raise BadWebhook
        with connection.cursor() as cursor:
            cursor.execute(RECEIVE, [event["id"], event["type"], payload.decode(), json.dumps(trail.carried())])
    except (ValueError, LookupError, TypeError, AttributeError, stripe.SignatureVerificationError):
        raise BadWebhook from None
    except DataError:  # a name longer than any of Stripe's, or a character that PostgreSQL does not keep
        raise BadWebhook from None


# One statement: the event and its message are there together or not at all, and a second delivery makes neither.
RECEIVE = """
WITH received AS (
    INSERT INTO orders_webhookevent (provider_event_id, type, payload, received_at) VALUES (%s, %s, %s::jsonb, now())
    ON CONFLICT DO NOTHING RETURNING provider_event_id
)
INSERT INTO orders_outboxmessage (id, topic, payload, context, created_at, due_at, publications, attempts, error)
SELECT gen_random_uuid(), 'payment.event', jsonb_build_object('event', provider_event_id), %s::jsonb,
    now(), now(), 0, 0, ''
FROM received
"""


def hear(event_id: str, *, gateway: PaymentGateway) -> None:
    """Work on a stored event. It is only a hint that something changed: the provider is asked how things stand now, so
    events that come late, twice or out of order cannot put an order where it does not belong."""
    event = WebhookEvent.objects.get(pk=event_id)
    ours = _look_up(event.payload, "data", "object", "metadata")
    refund = _find(Refund.objects.select_related("payment"), _look_up(ours, "refund"))
    if refund and event.type.startswith("refund."):
        gateway.refund(refund)  # raises if the buyer's bank sent the money back; as a dead letter it is seen to
    payment = _find(Payment.objects.select_related("order"), _look_up(ours, "payment"))
    if payment is None or not event.type.startswith("payment_intent."):
        return  # another system's payment, or news that we caused ourselves
    payment.provider_id = str(_look_up(event.payload, "data", "object", "id") or payment.provider_id)
    outcome = gateway.find(payment)
    if isinstance(outcome, Unknown | Unsent | Missing):
        raise ProviderFailed("The provider announced a change but did not say how things stand.")
    settle(payment.order_id, outcome)


def _look_up(tree: object, *names: str) -> object:
    """Follow names through nested objects; None where one is missing or is no object at all."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _find(rows: QuerySet[Row], reference: object) -> Row | None:
    try:
        return rows.filter(pk=UUID(str(reference))).first()
    except ValueError:
        return None
