"""What can happen to one payment, from the shopper's press of the button to the money.

    requires_payment_method ─► requires_confirmation ─► requires_capture ─► succeeded
             ▲      declined ◄────────┘ │                     │
             └──────────────────────────┴──────► canceled ◄───┘

`capture_method=manual` holds the amount (`requires_capture`); `automatic` takes it at once. Every function works in the
caller's transaction and leaves the event that the shop shall hear of. Refuses to capture more than is held, and any
step that the state does not allow, with the intent in the error as Stripe does.

Roadmap: commerce/payment-gateway
"""

import time
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from deploy.payment_provider.errors import Refusal, missing, wrong_state
from deploy.payment_provider.faults import MAGIC
from deploy.payment_provider.forms import CancelIntent, CaptureIntent, ConfirmIntent, CreateIntent
from deploy.payment_provider.shapes import REFUSES_REFUNDS, Shape, intent_shape, new_id
from deploy.payment_provider.tables import Intent
from deploy.payment_provider.webhooks import Post


class Answer(NamedTuple):
    status: int
    body: Shape


class Decline(NamedTuple):
    code: str
    decline_code: str
    message: str


# docs.stripe.com/testing#declined-payments
DECLINES = {
    "pm_card_chargeDeclined": Decline("card_declined", "generic_decline", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "pm_card_chargeDeclinedExpiredCard": Decline("expired_card", "expired_card", "Your card has expired."),
}
CARDS = {"pm_card_visa", "pm_card_mastercard", REFUSES_REFUNDS, *DECLINES, *MAGIC}
UNCONFIRMED = ("requires_payment_method", "requires_confirmation")


def find(session: Session, intent_id: str, *, param: str = "intent", status: int = 404) -> Intent:
    """The intent, locked against everybody else who wants to change it (where the database locks rows)."""
    intent = session.scalar(select(Intent).where(Intent.id == intent_id).with_for_update())
    if intent is None:
        raise missing("payment_intent", intent_id, param=param, status=status)
    return intent


def create(session: Session, post: Post, wish: CreateIntent) -> Answer:
    require_known(wish.payment_method)
    if wish.confirm and wish.payment_method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise Refusal(400, message, code="parameter_missing", param="payment_method")
    intent = Intent(
        id=new_id("pi"),
        amount=wish.amount,
        currency=wish.currency,
        status="requires_confirmation" if wish.payment_method else "requires_payment_method",
        capture_method=wish.capture_method,
        payment_method=wish.payment_method,
        amount_captured=0,
        amount_refunded=0,
        notes=wish.metadata,
        description=wish.description,
        created=int(time.time()),
    )
    session.add(intent)
    return authorize(intent, post) if wish.confirm else Answer(200, intent_shape(intent))


def confirm(session: Session, post: Post, intent_id: str, wish: ConfirmIntent) -> Answer:
    require_known(wish.payment_method)
    intent = find(session, intent_id)
    card = wish.payment_method or intent.payment_method
    if intent.status not in UNCONFIRMED or card is None:
        raise wrong_state(intent_shape(intent), "confirmed", UNCONFIRMED)
    intent.payment_method = card
    return authorize(intent, post)


def require_known(payment_method: str | None) -> None:
    if payment_method is not None and payment_method not in CARDS:
        raise missing("PaymentMethod", payment_method, param="payment_method")


def authorize(intent: Intent, post: Post) -> Answer:
    """Asks the card: holds or takes the amount, or declines with 402. A declined intent may be confirmed again."""
    intent.charge = new_id("ch")
    decline = DECLINES.get(intent.payment_method or "")
    if decline is not None:
        return turn_down(intent, decline, post)
    intent.last_payment_error = None
    if intent.capture_method == "manual":
        intent.status = "requires_capture"
        post("payment_intent.amount_capturable_updated", intent_shape(intent))
    else:
        take(intent, intent.amount, post)
    return Answer(200, intent_shape(intent))


def turn_down(intent: Intent, decline: Decline, post: Post) -> Answer:
    error = {"type": "card_error", **decline._asdict(), "charge": intent.charge}
    error["payment_method"] = {"id": intent.payment_method, "object": "payment_method", "type": "card"}
    intent.status = "requires_payment_method"
    intent.payment_method = None
    intent.last_payment_error = error
    post("payment_intent.payment_failed", intent_shape(intent))
    return Answer(402, {"error": {**error, "payment_intent": intent_shape(intent)}})


def take(intent: Intent, amount: int, post: Post) -> None:
    intent.status = "succeeded"
    intent.amount_captured = amount
    post("payment_intent.succeeded", intent_shape(intent))


def capture(session: Session, post: Post, intent_id: str, wish: CaptureIntent) -> Answer:
    """Takes the held amount or a part of it; the rest is let go."""
    intent = find(session, intent_id)
    if intent.status != "requires_capture":
        raise wrong_state(intent_shape(intent), "captured", ["requires_capture"])
    amount = wish.amount_to_capture or intent.amount
    if amount > intent.amount:
        message = f"The amount to capture ({amount}) is greater than the amount you can capture ({intent.amount})."
        raise Refusal(400, message, settled=True, code="amount_too_large", param="amount_to_capture")
    intent.notes = {**intent.notes, **wish.metadata}
    take(intent, amount, post)
    return Answer(200, intent_shape(intent))


def cancel(session: Session, post: Post, intent_id: str, wish: CancelIntent) -> Answer:
    """Lets a hold go. Money that was taken is given back by a refund, never by a cancellation."""
    intent = find(session, intent_id)
    allowed = (*UNCONFIRMED, "requires_capture")
    if intent.status not in allowed:
        raise wrong_state(intent_shape(intent), "canceled", allowed)
    intent.status = "canceled"
    intent.canceled_at = int(time.time())
    intent.cancellation_reason = wish.cancellation_reason
    post("payment_intent.canceled", intent_shape(intent))
    return Answer(200, intent_shape(intent))
