"""A payment provider for thousands of steps: no network, a book of its own, and weather that the machine chooses.

    fair         answers                                 lost_before    the request was lost, nothing happened
    unreachable  the connection was refused              lost_after     done, but the answer was lost
    refusing     the breaker is open                     in_flight      arrives after we stopped waiting
    failing      no charge goes through, look-ups do     killed_before  our own process dies before it is done
                                                         killed_after   our own process dies after it was done

It keeps what the real one keeps: a key makes a repetition find the first result, an event for each change is sent to
our webhook (here it waits in `events` until the machine delivers it), money moves only along requires_capture →
succeeded or canceled. What no honest shop would ask of it lands in `complaints`.
"""

import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from orders.gateways import ProviderFailed
from orders.models import Payment, Refund
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown, Unsent
from shop.money.units import minor_units

DECLINED = "pm_card_chargeDeclined"
PURCHASE_WEATHER = [
    "fair", "lost_before", "lost_after", "in_flight", "unreachable", "refusing", "killed_before", "killed_after",
]  # fmt: skip
WORKER_WEATHER = ["fair", "lost_before", "lost_after", "killed_before", "killed_after"]
CLOCK_WEATHER = ["fair", "lost_before", "lost_after", "failing", "refusing"]

Intent = dict[str, Any]


class Killed(BaseException):
    """Our process died in the middle of the call: nothing of ours may catch this."""


class Provider:
    """The gateway that the shop calls, and the book that the auditor compares."""

    def __init__(self) -> None:
        self.weather = "fair"
        self.book: dict[str, Intent] = {}
        self.refunds: dict[str, str] = {}
        self.in_flight: list[Intent] = []
        self.barred: set[str] = set()
        self.events: list[bytes] = []
        self.complaints: list[str] = []

    # What orders.gateways.PaymentGateway promises

    def is_refusing(self) -> bool:
        return self.weather == "refusing"

    def authorize(self, payment: Payment) -> Outcome:
        self._require_no_transaction("authorize")
        asked = _intent(payment)
        if self.weather in {"unreachable", "refusing"}:
            return Unsent()
        if self.weather == "in_flight":
            self.in_flight.append(asked)
        if self.weather == "killed_before":
            raise Killed
        if self.weather in {"lost_before", "failing", "in_flight"}:
            return Unknown()
        if str(payment.pk) in self.barred:
            return Unknown()
        intent = self._accept(asked)
        if self.weather == "killed_after":
            raise Killed
        return Unknown() if self.weather == "lost_after" else _outcome(intent)

    def find(self, payment: Payment) -> Outcome:
        self._require_no_transaction("find")
        if self.weather not in {"fair", "failing"}:
            return Unknown()
        intent = self.book.get(str(payment.pk))
        return _outcome(intent) if intent else Missing()

    def forestall(self, payment: Payment) -> Outcome:
        self._require_no_transaction("forestall")
        if str(payment.pk) not in self.book:
            self.barred.add(str(payment.pk))
        return self.find(payment)

    def capture(self, payment: Payment) -> None:
        self._move(payment, "requires_capture", "succeeded")

    def void(self, payment: Payment) -> None:
        self._move(payment, "requires_capture", "canceled")

    def refund(self, refund: Refund) -> str:
        self._require_no_transaction("refund")
        key, intent = str(refund.pk), self.book.get(str(refund.payment_id), {"status": "nothing"})
        self._weather("before")
        if key not in self.refunds:
            given_back = intent.get("amount_refunded", 0) + minor_units(refund.amount)
            if intent["status"] != "succeeded" or given_back > intent["amount"]:
                self.complaints.append(f"refund of {refund.amount} for an intent that is {intent}")
                raise ProviderFailed("not refundable")
            self.refunds[key] = f"re_{key}"
            intent["amount_refunded"] = given_back
            self._announce("charge.refunded", intent)
        self._weather("after")
        return self.refunds[key]

    # What happens there without us

    def land(self) -> None:
        """The requests that were on their way when we stopped waiting arrive now; a key that was taken refuses them."""
        for asked in self.in_flight:
            if asked["metadata"]["payment"] not in self.barred:
                self._accept(asked)
        self.in_flight = []

    def approve(self, intent: Intent) -> None:
        """The bank says yes after all to what it had declined."""
        intent["status"] = "requires_capture"
        self._announce("payment_intent.amount_capturable_updated", intent)

    def sign(self, event: bytes, *, age: int = 0) -> str:
        """Sign an event as Stripe does: t=…,v1=HMAC-SHA256 of "t.body"."""
        stamp = int(time.time()) - age
        digest = hmac.new(settings.PAYMENT_WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + event, hashlib.sha256)
        return f"t={stamp},v1={digest.hexdigest()}"

    def intent_of(self, number: str) -> Intent | None:
        """What the provider has for an order, if it ever heard of it."""
        return next((intent for intent in self.book.values() if intent["metadata"]["order"] == number), None)

    def kept_of(self, number: str) -> Decimal:
        """What the buyer of an order is out of, held money included."""
        intent = self.intent_of(number)
        if intent is None or intent["status"] not in {"requires_capture", "succeeded"}:
            return Decimal(0)
        return Decimal(intent["amount"] - intent["amount_refunded"]) / 100

    def _accept(self, asked: Intent) -> Intent:
        reference = asked["metadata"]["payment"]
        if reference in self.book:
            if any(self.book[reference][field] != asked[field] for field in ("amount", "currency", "payment_method")):
                self.complaints.append(f"same key, other parameters: {asked}")
            return self.book[reference]
        self.book[reference] = asked
        refused = asked["status"] == "requires_payment_method"
        self._announce(f"payment_intent.{'payment_failed' if refused else 'amount_capturable_updated'}", asked)
        return asked

    def _move(self, payment: Payment, old: str, new: str) -> None:
        self._require_no_transaction(new)
        intent = self.book.get(str(payment.pk), {"status": "nothing", "id": ""})
        if payment.provider_id != intent["id"] or intent["status"] not in {old, new}:
            self.complaints.append(f"{payment.provider_id} cannot be {new}: {intent}")
            raise ProviderFailed("refused")
        self._weather("before")
        if intent["status"] == old:
            intent["status"] = new
            self._announce("payment_intent.succeeded" if new == "succeeded" else "payment_intent.canceled", intent)
        self._weather("after")

    def _weather(self, moment: str) -> None:
        if self.weather == f"lost_{moment}":
            raise ProviderFailed("no answer")
        if self.weather == f"killed_{moment}":
            raise Killed

    def _announce(self, kind: str, intent: Intent) -> None:
        event = {"id": f"evt_{len(self.events)}", "object": "event", "type": kind, "data": {"object": dict(intent)}}
        self.events.append(json.dumps(event).encode())

    def _require_no_transaction(self, call: str) -> None:
        if connection.in_atomic_block:
            self.complaints.append(f"{call} was called while a transaction was open")


def _intent(payment: Payment) -> Intent:
    """The intent that the provider would make of this call."""
    return {
        "id": f"pi_{payment.pk}",
        "object": "payment_intent",
        "amount": minor_units(payment.amount),
        "currency": payment.currency,
        "payment_method": payment.method,
        "status": "requires_payment_method" if payment.method == DECLINED else "requires_capture",
        "amount_refunded": 0,
        "metadata": {"payment": str(payment.pk), "order": payment.order.number},
    }


def _outcome(intent: Intent) -> Outcome:
    if intent["status"] in {"requires_capture", "succeeded"}:
        return Authorized(intent["id"])
    return Declined(intent["id"], "generic_decline")
