"""Gives captured money back, whole or in parts, never more than was captured.

Roadmap: commerce/payment-gateway
"""

import time

from sqlalchemy.orm import Session

from deploy.payment_provider.errors import Refusal
from deploy.payment_provider.forms import CreateRefund
from deploy.payment_provider.intents import Answer, find
from deploy.payment_provider.shapes import charge_shape, new_id, refund_shape
from deploy.payment_provider.tables import Refund
from deploy.payment_provider.webhooks import Post


def create(session: Session, post: Post, wish: CreateRefund) -> Answer:
    """Without an amount: all that is left. The row of the intent is locked, so two refunds cannot share one rest."""
    intent = find(session, wish.payment_intent, param="payment_intent", status=400)
    if intent.status != "succeeded":
        message = f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
        raise Refusal(400, message, settled=True, code="payment_intent_unexpected_state", param="payment_intent")
    left = intent.amount_captured - intent.amount_refunded
    if left == 0:
        message = f"Charge {intent.charge} has already been refunded."
        raise Refusal(400, message, settled=True, code="charge_already_refunded", param="payment_intent")
    amount = wish.amount or left
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
        raise Refusal(400, message, settled=True, code="amount_too_large", param="amount")
    refund = Refund(id=new_id("re"), intent=intent, amount=amount, reason=wish.reason, notes=wish.metadata)
    refund.created = int(time.time())
    session.add(refund)
    shape = refund_shape(refund)
    if shape["status"] == "failed":
        post("refund.failed", shape)
    else:
        intent.amount_refunded += amount
        post("charge.refunded", charge_shape(intent))
    return Answer(200, shape)
