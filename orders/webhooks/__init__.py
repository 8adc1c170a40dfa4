"""Telling merchants' own systems what happened here, as Standard Webhooks says.

    book.record ─► outbox row, in the event's own transaction, if anybody listens ─► announce: one delivery for each
    subscription ─► deliver: signed, sent, marked ─┬─► done
                         ▲                         └─► failed: again after 5 s, 5 min … about a day ─► dead
                         └──────────────── replay, by hand ────────────────────────────────────────────┘

At least once, in no promised order: `webhook-id` is the same however often one is sent, so that receivers can tell.
Start reading at `orders/webhooks/deliveries.py`; where one may be sent to is decided in `orders/webhooks/targets.py`,
and when a shelf runs low in `orders/webhooks/shelves.py`.
"""
