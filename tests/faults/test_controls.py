"""Negative controls: without the provider's key, or the question what it holds, money is charged twice or kept."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from config.audit import compare
from orders import checkout, outbox, payments
from orders.breaker import Breaker
from orders.gateways import StripeGateway
from orders.idempotency import Answer, Request
from orders.models import Order, OutboxMessage, Payment
from orders.outcomes import Missing, Outcome
from tests.deploy.payment_provider.neighbour import KEY, Neighbour
from tests.factories import cart_of, product


class Keyless(StripeGateway):
    """Sends a new key with each attempt, as the library does by itself when it is given none."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        create = self._client.payment_intents.create
        self._client.payment_intents.create = lambda params, options: create(params, {})


class Incurious(StripeGateway):
    """Never asks what the provider holds."""

    def find(self, payment: Payment) -> Outcome:
        return Missing()


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    provider = Neighbour(tmp_path_factory.mktemp("provider")).start()
    yield provider
    provider.stop()
    provider.http.close()


@pytest.fixture(autouse=True)
def whole_again(neighbour: Neighbour) -> None:
    """A new book for each; no running shop is needed here."""
    neighbour.http.delete("/_ledger")


@pytest.fixture(autouse=True, scope="module")
def audited_books() -> None:
    """Here the books are compared by the tests themselves."""


def press(buyer: User, method: str, gateway: StripeGateway) -> Order:
    def render(order: Order) -> Answer:
        return Answer(200, "application/json", "", json.dumps({"status": order.status}))

    purchase = checkout.Purchase(method, {"name": "Alice"})
    checkout.place_order(request=Request(buyer.pk, "key", "f"), purchase=purchase, gateway=gateway, render=render)
    return Order.objects.get()


def act_on_messages(gateway: StripeGateway) -> None:
    consumers = {
        "payment.capture": lambda said: payments.capture(said["order"], gateway=gateway),
        "payment.void": lambda said: payments.void(said["order"], gateway=gateway),
        "mail.order_confirmation": lambda said: None,
    }
    for message in OutboxMessage.objects.all():
        outbox.perform(message.pk, consumers)


def gateway_of(kind: type[StripeGateway], neighbour: Neighbour, folder: Path) -> StripeGateway:
    breaker = Breaker(folder.name, settings.REDIS_URL)
    return kind(api_key=KEY, base=neighbour.base, deadline=2, breaker=breaker)


@pytest.mark.roadmap("api/idempotency", "commerce/payment-gateway")
@pytest.mark.parametrize(("kind", "charges"), [(StripeGateway, 1), (Keyless, 2)])
def test_without_the_key_a_lost_answer_charges_twice(
    alice: User, neighbour: Neighbour, tmp_path: Path, kind: type[StripeGateway], charges: int
) -> None:
    cart_of(alice, (product(), 1))

    press(alice, "pm_fault_timeoutAfterCharge", gateway_of(kind, neighbour, tmp_path))

    assert [intent["status"] for intent in neighbour.ledger()] == ["requires_capture"] * charges
    findings = compare(neighbour.ledger(), at_rest=False)
    assert len(findings) == charges - 1
    assert charges == 1 or "2 charges" in str(findings[0])


@pytest.mark.roadmap("commerce/external-services")
@pytest.mark.parametrize(("kind", "ends"), [(StripeGateway, ("paid", [])), (Incurious, ("cancelled", ["held"]))])
def test_without_the_question_an_error_after_the_charge_leaves_money_held(
    alice: User, neighbour: Neighbour, tmp_path: Path, kind: type[StripeGateway], ends: tuple[str, list[str]]
) -> None:
    gateway = gateway_of(kind, neighbour, tmp_path)
    cart_of(alice, (product(), 1))

    pending = press(alice, "pm_fault_error500AfterCharge", gateway)
    payments.reconcile(gateway=gateway, now=timezone.now() + timedelta(seconds=31))
    act_on_messages(gateway)

    assert pending.status == "pending"
    pending.refresh_from_db()
    findings = compare(neighbour.ledger(), at_rest=True)
    assert (pending.status, ["held" for found in findings if "holds money" in str(found)]) == ends
