"""The shop's counter in one process: press the button, carry out what waits in the outbox, look for what went wrong.

Roadmap: testing/integration-tests
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from config.audit import check_books, compare
from orders import checkout, mail, outbox, payments
from orders.errors import OrderError
from orders.idempotency import Answer, Request
from orders.models import Order, OutboxMessage, Payment
from orders.outcomes import Outcome, Unknown
from shop.errors import ShopError
from shop.money.units import minor_units
from tests.fakes import FakeGateway

PURCHASE = checkout.Purchase("pm_card_visa", {"name": "Alice", "city": "Hamburg"})
AT_THE_PROVIDER = {"held": "requires_capture", "taken": "succeeded", "voided": "canceled"}


class MuteGateway(FakeGateway):
    """While `is_mute` it holds the money and does not say so: the order stays pending."""

    is_mute = True

    def authorize(self, payment: Payment) -> Outcome:
        outcome = super().authorize(payment)
        return Unknown() if self.is_mute else outcome


def press(user: User, gateway: FakeGateway, key: str = "key-1") -> Answer:
    """Press the button once."""
    request = Request(user.pk, key, "f")
    return checkout.place_order(request=request, purchase=PURCHASE, gateway=gateway, render=render)


def render(order: Order) -> Answer:
    status = {"paid": 201, "pending": 202, "declined": 402}.get(order.status, 409)
    location = f"/api/v1/orders/{order.number}/" if status < 400 else ""
    return Answer(status, "application/json", location, json.dumps({"number": order.number}))


def work_off(gateway: FakeGateway, *, rounds: int = 5) -> None:
    """Do what the relay and the workers do, until nothing waits (or it will not go away)."""
    consumers: Mapping[str, outbox.Consumer] = {
        "mail.order_confirmation": lambda message: mail.send_confirmation(message["order"]),
        "mail.order_shipped": lambda message: mail.send_shipping_notice(message["order"]),
        "payment.capture": lambda message: payments.capture(message["order"], gateway=gateway),
        "payment.void": lambda message: payments.void(message["order"], gateway=gateway),
        "payment.refund": lambda message: payments.refund(UUID(message["refund"]), gateway=gateway),
    }
    payments.reconcile(gateway=gateway, now=timezone.now() + settings.RECONCILE_AFTER)
    for _ in range(rounds):
        for message in OutboxMessage.objects.waiting().order_by("created_at"):
            outbox.perform(message.pk, consumers)


def anomalies(outcomes: Iterable[Any], gateway: FakeGateway) -> list[str]:
    """Every outcome that is neither a result nor a refusal, and every promise of the books that is broken at rest."""
    refusals = OrderError | ShopError
    crashes = [repr(end) for end in outcomes if isinstance(end, Exception) and not isinstance(end, refusals)]
    try:
        work_off(gateway)
    except Exception as failure:  # the books are so wrong that going on is not possible
        crashes.append(repr(failure))
    findings = check_books(at_rest=True) + compare(ledger(gateway), at_rest=True)
    return crashes + [str(finding) for finding in findings]


def ledger(gateway: FakeGateway) -> list[dict[str, Any]]:
    """The fake provider's book in the shape of the real one's."""
    refunded: dict[str, int] = {}
    for refund in gateway.refunds.values():
        paid = str(refund.payment_id)
        refunded[paid] = refunded.get(paid, 0) + minor_units(refund.amount)
    payments_made = {str(payment.pk): payment for payment in Payment.objects.all()}
    return [
        {
            "status": AT_THE_PROVIDER[status],
            "amount": minor_units(payments_made[reference].amount),
            "currency": payments_made[reference].currency.lower(),
            "amount_refunded": refunded.get(reference, 0),
            "metadata": {"payment": reference},
        }
        for reference, status in gateway.book.items()
    ]
