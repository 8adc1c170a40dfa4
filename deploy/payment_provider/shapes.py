"""The JSON that Stripe's libraries expect: payment intents, charges, refunds, lists, events (docs.stripe.com/api).

Only fields that a shop reads; every one of them says what the book says.

Roadmap: commerce/payment-gateway
"""

import secrets
from typing import Any

from deploy.payment_provider.tables import Intent, Refund

API_VERSION = "2026-10-28.endive"
#: The card whose bank sends every refund back (docs.stripe.com/testing#refunds).
REFUSES_REFUNDS = "pm_card_refundFail"
Shape = dict[str, Any]


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def intent_shape(intent: Intent) -> Shape:
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount if intent.status == "requires_capture" else 0,
        "amount_received": intent.amount_captured,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": f"{intent.id}_secret_not_for_browsers",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": None,
        "description": intent.description,
        "last_payment_error": intent.last_payment_error,
        "latest_charge": intent.charge,
        "livemode": False,
        "metadata": intent.notes,
        "next_action": None,
        "payment_method": intent.payment_method,
        "payment_method_types": ["card"],
        "status": intent.status,
    }


def charge_shape(intent: Intent) -> Shape:
    return {
        "id": intent.charge,
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": intent.amount_captured,
        "amount_refunded": intent.amount_refunded,
        "captured": intent.amount_captured > 0,
        "created": intent.created,
        "currency": intent.currency,
        "livemode": False,
        "metadata": intent.notes,
        "paid": True,
        "payment_intent": intent.id,
        "payment_method": intent.payment_method,
        "refunded": intent.amount_refunded == intent.amount_captured,
        "status": "succeeded",
    }


def refund_shape(refund: Refund) -> Shape:
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "charge": refund.intent.charge,
        "created": refund.created,
        "currency": refund.intent.currency,
        "metadata": refund.notes,
        "payment_intent": refund.intent.id,
        "reason": refund.reason,
        "status": "failed" if refund.intent.payment_method == REFUSES_REFUNDS else "succeeded",
    }


def list_shape(url: str, shapes: list[Shape], *, has_more: bool) -> Shape:
    return {"object": "list", "url": url, "has_more": has_more, "data": shapes}


def event_shape(event_id: str, kind: str, subject: Shape, *, created: int, request_id: str, key: str | None) -> Shape:
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": key},
        "type": kind,
    }
