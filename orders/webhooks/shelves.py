"""A shelf that runs low: one event for each time that a sale or a count leaves less than enough where there was enough.

    order paid, shelf counted ─► outbox row, if anybody listens ─► worker: what does the ledger say? ─► a delivery each
                                 in the commit of the change          enough before, too little after

The ledger is the witness, not the shelf as it is when the worker comes to it: a message that comes late, twice or
before an earlier one is judged the same. The event's id is made of the entry, so that it is told once.

What counts is what stands on the shelf. Units that are promised, to a pending order or by a reservation, are on it
until they are sold.

Roadmap: architecture/event-driven, messaging/idempotent-tasks-and-retries
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from orders import outbox
from orders.models import Order, WebhookKind, WebhookSubscription
from orders.webhooks import deliveries
from shop import ledger, stock

TOPIC = "webhook.stock"
#: The ids of these events are made in here, of the ledger's.
SPACE = UUID("5a0c41d6-3e5f-4f0e-9c7b-0d6f2b7d9e11")


def correct(*, product_id: int, on_hand: int, reference: str) -> int | None:
    """Set the shelf to what was counted, as `stock.correct` does, and have the count looked at."""
    entry_id = stock.correct(product_id=product_id, on_hand=on_hand, reference=reference)
    if entry_id and WebhookSubscription.objects.listening(WebhookKind.STOCK_LOW).exists():
        outbox.post(TOPIC, {"entry": entry_id})
    return entry_id


def look(message: Mapping[str, Any]) -> None:
    """Tell whoever listens of each shelf that this sale or count took below the mark; may be repeated."""
    mark = settings.LOW_STOCK_BELOW
    for step in _steps(message):
        if step.after < mark <= step.before:
            told = {"sku": step.sku, "on_hand": step.after, "below": mark}
            at = f"{step.at:%Y-%m-%dT%H:%M:%SZ}"
            deliveries.tell(WebhookKind.STOCK_LOW, uuid5(SPACE, str(step.entry_id)), at=at, content=told)


def _steps(message: Mapping[str, Any]) -> list[ledger.Step]:
    if "entry" in message:
        return ledger.entry(message["entry"])
    order = Order.objects.get(pk=message["order"])
    return ledger.sale([line.product_id for line in order.known_lines], reference=order.number)
