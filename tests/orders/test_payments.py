"""What happens to the money afterwards: each step may run twice, die half-way, or lose to another."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from django.conf import settings

from accounts.models import User
from orders import cancellation, payments
from orders.errors import BadWebhook
from orders.gateways import ProviderFailed
from orders.models import Order, OutboxMessage, Payment, Refund, WebhookEvent
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown
from orders.settlement import settle
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered


@pytest.fixture
def paid(alice: User, gateway: FakeGateway) -> Order:
    return ordered(alice, gateway)


@pytest.fixture
def pending(alice: User) -> Order:
    return ordered(alice, FakeGateway(Unknown()))


def money(order: Order) -> str:
    return fresh(order).payment.status


@pytest.mark.roadmap("commerce/payment-gateway", "messaging/idempotent-tasks-and-retries")
def test_held_money_is_taken_once(paid: Order, gateway: FakeGateway) -> None:
    payments.capture(paid.pk, gateway=gateway)
    payments.capture(paid.pk, gateway=gateway)

    assert money(paid) == "captured"
    assert gateway.book == {str(paid.payment.pk): "taken"}
    assert history(paid)[-2:] == ["CaptureStarted", "PaymentCaptured"]


def test_capture_that_died_half_way_is_resumed(paid: Order, gateway: FakeGateway) -> None:
    broken = FakeGateway()
    with pytest.raises(ProviderFailed):
        payments.capture(paid.pk, gateway=broken)
    assert money(paid) == "capturing"

    payments.capture(paid.pk, gateway=gateway)

    assert money(paid) == "captured"


def test_cancellation_that_claims_first_wins_over_the_capture(paid: Order, gateway: FakeGateway) -> None:
    cancellation.cancel(paid.pk)

    payments.capture(paid.pk, gateway=gateway)
    payments.void(paid.pk, gateway=gateway)
    payments.void(paid.pk, gateway=gateway)

    assert money(paid) == "voided"
    assert gateway.book == {str(paid.payment.pk): "voided"}


@pytest.mark.parametrize("outcome", [Missing(), Declined("", "expired")])
def test_nothing_held_is_nothing_to_void(pending: Order, outcome: Outcome) -> None:
    cancellation.cancel(pending.pk)

    payments.void(pending.pk, gateway=FakeGateway(outcome))

    assert money(pending) == "voided"


def test_request_that_comes_after_the_void_holds_nothing(pending: Order, gateway: FakeGateway) -> None:
    cancellation.cancel(pending.pk)

    payments.void(pending.pk, gateway=gateway)

    assert not isinstance(gateway.authorize(pending.payment), Authorized)
    assert (money(pending), gateway.book) == ("voided", {})


class StillThinking(FakeGateway):
    """Has the request, but not in its list yet."""

    def forestall(self, payment: Payment) -> Outcome:
        return Unknown()


class NotAskedYet(FakeGateway):
    """Has the payment, and is waiting for the bank's answer."""

    def find(self, payment: Payment) -> Outcome:
        return Unknown("pi_1")


@pytest.mark.parametrize("thinking", [StillThinking(), NotAskedYet()], ids=lambda gateway: type(gateway).__name__)
def test_void_does_not_take_an_unfinished_request_for_none(pending: Order, thinking: FakeGateway) -> None:
    cancellation.cancel(pending.pk)

    with pytest.raises(ProviderFailed):
        payments.void(pending.pk, gateway=thinking)

    assert money(pending) == "voiding"


def test_void_waits_for_a_provider_that_does_not_answer(pending: Order) -> None:
    cancellation.cancel(pending.pk)

    with pytest.raises(ProviderFailed):
        payments.void(pending.pk, gateway=FakeGateway(Unknown()))

    assert money(pending) == "voiding"


class HeldMeanwhile(FakeGateway):
    """Answers that nothing is held, while the webhook of a late authorization overtakes that answer."""

    def find(self, payment: Payment) -> Outcome:
        settle(payment.order_id, Authorized("pi_late"))
        return Missing()


def test_void_that_saw_nothing_does_not_cover_money_that_came_meanwhile(pending: Order) -> None:
    cancellation.cancel(pending.pk)

    payments.void(pending.pk, gateway=HeldMeanwhile())

    assert (money(pending), fresh(pending).payment.provider_id) == ("voiding", "pi_late")


Sent = Callable[..., str]


@pytest.fixture
def provider_says() -> Sent:
    """Signs and delivers an event about a payment as the provider would; returns the event's id."""

    def deliver(
        payment: str, event: str = "payment_intent.amount_capturable_updated", at: float = 0, refund: str = ""
    ) -> str:
        about = {"id": "pi_1", "metadata": {"payment": payment, "refund": refund}}
        payload = json.dumps({"id": f"evt_{event}", "object": "event", "type": event, "data": {"object": about}})
        moment = int(at or time.time())
        signature = stripe.WebhookSignature._compute_signature(f"{moment}.{payload}", settings.PAYMENT_WEBHOOK_SECRET)
        payments.receive_webhook(payload=payload.encode(), signature=f"t={moment},v1={signature}")
        return f"evt_{event}"

    return deliver


@pytest.mark.roadmap("commerce/payment-gateway")
def test_event_is_stored_once_with_one_message(pending: Order, provider_says: Sent) -> None:
    for _ in range(2):
        event_id = provider_says(str(pending.payment.pk))

    assert str(WebhookEvent.objects.get()) == f"payment_intent.amount_capturable_updated {event_id}"
    assert OutboxMessage.objects.get().payload == {"event": event_id}


HEARD: list[tuple[Outcome | None, str]] = [(Authorized("pi_1"), "paid"), (Declined("pi_1", "no"), "declined")]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("outcome", "status"), HEARD)
def test_event_makes_us_ask_and_settle(
    pending: Order, provider_says: Sent, outcome: Any, status: str, times: int
) -> None:
    event_id = provider_says(str(pending.payment.pk))
    knowing = FakeGateway(outcome if isinstance(outcome, Declined) else None)
    knowing.book[str(pending.payment.pk)] = "held"

    for _ in range(times):
        payments.hear(event_id, gateway=knowing)

    assert fresh(pending).status == status


@pytest.mark.parametrize("outcome", [Unknown(), None])
def test_event_waits_until_the_provider_says_how_things_stand(
    pending: Order, provider_says: Sent, outcome: Outcome | None
) -> None:
    event_id = provider_says(str(pending.payment.pk))

    with pytest.raises(ProviderFailed):
        payments.hear(event_id, gateway=FakeGateway(outcome))


@pytest.mark.parametrize("reference", ["somebody-elses", "None", "6d3ef1a5-6a52-4d6b-9f1b-0d9e1f7b4a11"])
def test_event_about_a_strangers_payment_changes_nothing(
    pending: Order, provider_says: Sent, gateway: FakeGateway, reference: str
) -> None:
    payments.hear(provider_says(reference), gateway=gateway)
    payments.hear(provider_says(str(pending.payment.pk), "charge.refunded"), gateway=gateway)
    payments.hear(provider_says("", "refund.failed", refund=reference), gateway=SentBack())

    assert fresh(pending).status == "pending"


class SentBack(FakeGateway):
    """Gave the money back, and the buyer's bank returned it."""

    def refund(self, refund: Refund) -> str:
        raise ProviderFailed("failed")


@pytest.mark.parametrize("event", ["refund.updated", "refund.failed"])
def test_refund_that_fails_after_all_is_left_for_somebody_to_look_at(
    paid: Order, gateway: FakeGateway, provider_says: Sent, event: str
) -> None:
    payments.capture(paid.pk, gateway=gateway)
    cancellation.cancel(paid.pk)
    payments.refund(Refund.objects.get().pk, gateway=gateway)
    event_id = provider_says("", event, refund=str(Refund.objects.get().pk))

    payments.hear(event_id, gateway=gateway)
    with pytest.raises(ProviderFailed):
        payments.hear(event_id, gateway=SentBack())


@pytest.mark.parametrize("age", [-301, 3600 * 24])
def test_recorded_event_cannot_be_played_again_later(db: None, provider_says: Sent, age: int) -> None:
    if age < 0:
        with pytest.raises(BadWebhook):
            provider_says("x", at=time.time() + age)
    assert not WebhookEvent.objects.exists()


def test_event_that_somebody_else_signed_is_refused(db: None) -> None:
    payload = json.dumps({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": {}}})
    moment = int(time.time())
    forged = stripe.WebhookSignature._compute_signature(f"{moment}.{payload}", "whsec_of_somebody_else")

    with pytest.raises(BadWebhook):
        payments.receive_webhook(payload=payload.encode(), signature=f"t={moment},v1={forged}")
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff", b"null", b'{"id": "evt_1"}'])
@pytest.mark.parametrize("signature", ["", "t=1,v1=0", "t=x,v1=", "garbage"])
def test_unsigned_event_is_refused(db: None, payload: bytes, signature: str) -> None:
    with pytest.raises(BadWebhook):
        payments.receive_webhook(payload=payload, signature=signature)
