"""Writes down what the shop shall hear of, in the transaction that made it true, and signs what is sent.

    capture ─┬─ intent: succeeded
             └─ event + delivery       one commit: money moves and its news is queued, or neither (an outbox)

Roadmap: commerce/payment-gateway
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from deploy.payment_provider.shapes import Shape, event_shape, new_id
from deploy.payment_provider.tables import Delivery, Event

Post = Callable[[str, Shape], None]


@dataclass
class Postbox:
    """Takes the events of one request; `delays` holds the seconds until each copy goes out, none if nobody listens."""

    session: Session
    delays: Callable[[], list[float]]
    request_id: str
    key: str | None
    posted: list[str] = field(default_factory=list)

    def post(self, kind: str, subject: Shape) -> None:
        now = time.time()
        shape = event_shape(new_id("evt"), kind, subject, created=int(now), request_id=self.request_id, key=self.key)
        intent_id = subject.get("payment_intent") or subject["id"]
        event = Event(id=shape["id"], type=kind, intent_id=intent_id, payload=json.dumps(shape), created=int(now))
        event.deliveries = [Delivery(due_at=now + delay, attempts=0) for delay in self.delays()]
        self.session.add(event)
        self.posted.append(event.id)


def sign(secret: str, payload: str, at: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over time and body, so that neither can be changed or replayed later.

    docs.stripe.com/webhooks#verify-manually
    """
    proof = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={proof}"
