"""The order book: the only two statements that write an order's state, each in one round trip.

`enter` writes a new order with its lines, its payment and its first event. `record` writes every later step: the new
status of order and payment, the next event, the messages to send after the commit, the answer kept with the idempotency
key. One statement each, because a purchase pays for every round trip while it holds locks; and because a state that is
always written together with its event can never be without one.

Plain SQL instead of `save()`: PostgreSQL's data-modifying WITH has no counterpart in the ORM. A new column of these
tables needs a `db_default` or a place here.

Roadmap: databases/tcl, databases/query-optimization, architecture/n-tier
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from accounts import trail
from orders import figures
from orders.idempotency import Answer, as_json
from orders.models import Order, OrderLine, Payment
from orders.models.webhooks import ANNOUNCED, WebhookKind
from orders.pricing import Quote

#: What the shop is for, told apart from how it works: see docs/logging.md.
business = logging.getLogger("shop.business")

ENTER = """
WITH entered AS (
    INSERT INTO orders_order (number, buyer_id, idempotency_key_id, status, currency, total, discount, shipping, taxes,
                              coupon_id, coupon_code, shipping_address, placed_at, reserved_until, event_count)
    VALUES (%(number)s, %(buyer)s, %(key)s, %(status)s, %(currency)s, %(total)s, %(discount)s, %(shipping)s, %(taxes)s,
            %(coupon)s, %(coupon_code)s, %(address)s, %(placed_at)s, %(reserved_until)s, 1)
    RETURNING id
), lines AS (
    INSERT INTO orders_orderline (order_id, product_id, sku, name, unit_price, quantity, line_total)
    SELECT entered.id, line.* FROM entered, unnest(
        %(products)s::bigint[], %(skus)s::text[], %(names)s::text[], %(prices)s::numeric[], %(quantities)s::int[],
        %(totals)s::numeric[]) AS line
), payment AS (
    INSERT INTO orders_payment (id, order_id, method, amount, currency, status, provider_id, decline_reason,
                                refunded_amount, created_at)
    SELECT %(payment)s, id, %(method)s, %(total)s, %(currency)s, %(payment_status)s, '', '', 0, %(placed_at)s
    FROM entered
)
INSERT INTO orders_orderevent (order_id, sequence, type, details, at)
SELECT id, 1, 'OrderPlaced', %(details)s::jsonb, %(placed_at)s FROM entered RETURNING order_id
"""

RECORD = """
WITH moved AS (
    UPDATE orders_order SET status = %(status)s, event_count = event_count + 1
    WHERE id = %(order)s AND event_count = %(known)s
    RETURNING id, event_count
), payment AS (
    UPDATE orders_payment SET status = %(payment_status)s, provider_id = %(provider_id)s,
        decline_reason = %(decline_reason)s, refunded_amount = %(refunded)s
    FROM moved WHERE order_id = moved.id
), kept AS (
    UPDATE orders_idempotencykey kept SET answer = %(answer)s::jsonb
    FROM moved WHERE kept.id = %(key)s AND kept.answer IS NULL
    RETURNING kept.id
), messages AS (
    INSERT INTO orders_outboxmessage (id, topic, payload, context, created_at, due_at, publications, attempts, error)
    SELECT message.*, %(context)s::jsonb, now(), now(), 0, 0, ''
    FROM moved, unnest(%(message_ids)s::uuid[], %(topics)s::text[], %(payloads)s::jsonb[])
        AS message (id, topic, payload)
    WHERE NOT starts_with(topic, 'webhook.') OR EXISTS (
        SELECT FROM orders_webhooksubscription
        WHERE disabled_at IS NULL AND events @> ARRAY[payload ->> 'kind']::varchar[]
    )
)
INSERT INTO orders_orderevent (order_id, sequence, type, details, at)
SELECT id, event_count, %(event)s, %(details)s::jsonb, now() FROM moved
RETURNING sequence, EXISTS (SELECT FROM kept)
"""
#: What an order line copies from the priced line under the same name.
COPIED = ("product_id", "sku", "name", "unit_price", "quantity")
#: The way from an order to its parcel, where Django keeps what it has read.
PARCEL: Any = Order._meta.get_field("fulfilment")


class Outdated(Exception):
    """Somebody wrote to the order after this copy of it was read; nothing of ours was written."""


class Message(NamedTuple):
    """Something to be done after the commit: a topic that `orders/tasks.py` knows, and what finds its row."""

    topic: str
    payload: Mapping[str, Any]


def enter(order: Order, payment: Payment, quote: Quote) -> None:
    """Write a new order; afterwards `order.pk` is set. Must run in the transaction that reserves its stock."""
    lines = quote.lines
    parameters: dict[str, Any] = {
        "number": order.number,
        "buyer": order.buyer_id,
        "key": order.idempotency_key_id,
        "status": order.status,
        "currency": quote.currency,
        "total": quote.total,
        "discount": order.discount,
        "shipping": order.shipping,
        "taxes": json.dumps(order.taxes),
        "coupon": order.coupon_id,
        "coupon_code": order.coupon_code,
        "address": json.dumps(order.shipping_address),
        "placed_at": order.placed_at,
        "reserved_until": order.reserved_until,
        "products": [line.product_id for line in lines],
        "skus": [line.sku for line in lines],
        "names": [line.name for line in lines],
        "prices": [line.unit_price for line in lines],
        "quantities": [line.quantity for line in lines],
        "totals": [line.total for line in lines],
        "payment": payment.pk,
        "method": payment.method,
        "payment_status": payment.status,
        "details": json.dumps({"total": str(quote.total), "currency": quote.currency}),
    }
    with connection.cursor() as cursor:
        cursor.execute(ENTER, parameters)
        order.pk = cursor.fetchone()[0]
    _tell_after_commit(order, "OrderPlaced", {"total": str(quote.total), "currency": quote.currency})
    order.known_lines = [
        OrderLine(order=order, line_total=line.total, **{name: getattr(line, name) for name in COPIED})
        for line in lines
    ]
    _count_later(order, payment, "OrderPlaced", {})
    PARCEL.set_cached_value(order, None)  # nobody has packed what is written only now: nothing to ask for


def record(
    order: Order,
    event: str,
    *,
    details: Mapping[str, Any] | None = None,
    messages: Iterable[Message] = (),
    answer: Answer | None = None,
) -> Answer | None:
    """Write the order's and its payment's new state with the event that says why; merchants' systems that listen hear
    of it. Return the answer if it is the one that is kept: a retry that took over may have kept another. Raises
    Outdated, having written nothing, for a copy without the newest count; never to who holds the order's lock.
    """
    messages = [*messages, *_announcement(order, event)]
    payment: Payment = order.payment
    parameters: dict[str, Any] = {
        "order": order.pk,
        "known": order.event_count,
        "status": order.status,
        "payment_status": payment.status,
        "provider_id": payment.provider_id,
        "decline_reason": payment.decline_reason,
        "refunded": payment.refunded_amount,
        "key": order.idempotency_key_id if answer else None,
        "answer": json.dumps(as_json(answer)) if answer else None,
        "message_ids": new_ids(len(messages)),
        "topics": [message.topic for message in messages],
        "context": json.dumps(trail.carried()),
        "payloads": [json.dumps(dict(message.payload)) for message in messages],
        "event": event,
        "details": json.dumps(details or {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD, parameters)
        written = cursor.fetchone()
    if written is None:
        raise Outdated
    order.event_count, is_kept = written
    _count_later(order, payment, event, details or {})
    _tell_after_commit(order, event, details or {})
    return answer if is_kept else None


def _count_later(order: Order, payment: Payment, event: str, details: Mapping[str, Any]) -> None:
    """Once it is committed. Robust: a figure that cannot be counted must not turn a paid order into an error."""
    counting = partial(figures.happened, event, order.currency, payment.amount, details)
    transaction.on_commit(counting, robust=True)


def _tell_after_commit(order: Order, event: str, details: Mapping[str, Any]) -> None:
    """One line for each event that stands in the book, and none for one that was rolled back.

    Roadmap: observability/what-to-log
    """
    fields = {"order": order.number, "buyer": order.buyer_id, "details": dict(details)}
    transaction.on_commit(partial(business.info, event, extra=fields), robust=True)


def _announcement(order: Order, event: str) -> Iterator[Message]:
    if kind := ANNOUNCED.get(event):
        told = {"order": order.pk, "kind": kind, "event": uuid4().hex, "at": f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}"}
        yield Message("webhook.event", told)
    if event == "OrderPaid":  # its units are about to leave the shelf, in this transaction
        yield Message("webhook.stock", {"order": order.pk, "kind": WebhookKind.STOCK_LOW})


def new_ids(count: int) -> list[UUID]:
    """Return fresh ids for as many messages."""
    return [uuid4() for _ in range(count)]
