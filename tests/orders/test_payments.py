"""What happens to the money afterwards: each step may run twice, die half-way, or lose to another."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from orders import cancellation, payments
from orders.errors import BadWebhook
from orders.gateways import ProviderFailed
from orders.models import Order, OutboxMessage, Payment, Refund, WebhookEvent
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown, Unsent
from orders.settlement import settle
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered

LATER = timedelta(minutes=1)


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


RECONCILED: list[tuple[Outcome | None, timedelta, str]] = [
    (None, LATER, "paid"),
    (Declined("pi_1", "no"), LATER, "declined"),
    (Unknown(), LATER, "pending"),
    (Unsent(), timedelta(seconds=20), "pending"),
    (Unknown(), timedelta(seconds=1), "pending"),
    (Unknown(), timedelta(hours=1), "expired"),
]


@pytest.mark.roadmap("commerce/external-services")
@pytest.mark.parametrize(("outcome", "age", "status"), RECONCILED)
def test_pending_order_is_asked_about_until_it_is_out_of_time(
    pending: Order, outcome: Outcome | None, age: timedelta, status: str
) -> None:
    asked = payments.reconcile(gateway=FakeGateway(outcome), now=pending.placed_at + age)

    assert fresh(pending).status == status
    assert asked == (0 if age < settings.RECONCILE_AFTER else 1)


class Erring(FakeGateway):
    """A provider that answers the charge with errors and says that it holds nothing."""

    def __init__(self) -> None:
        super().__init__(Unknown())

    def find(self, payment: Payment) -> Outcome:
        return Missing()


@pytest.mark.parametrize(("age", "status"), [(29, "pending"), (31, "cancelled")])
def test_provider_that_only_errs_and_holds_nothing_is_given_up_on(pending: Order, age: int, status: str) -> None:
    payments.reconcile(gateway=Erring(), now=pending.placed_at + timedelta(seconds=age))

    assert fresh(pending).status == status


def test_open_breaker_asks_nobody_but_time_goes_on(pending: Order) -> None:
    refusing = FakeGateway(refusing=True)

    assert payments.reconcile(gateway=refusing, now=timezone.now() + LATER) == 0
    assert payments.reconcile(gateway=refusing, now=timezone.now() + timedelta(hours=1)) == 1
    assert (fresh(pending).status, refusing.calls) == ("expired", [])


@pytest.fixture
def three(alice: User) -> list[Order]:
    """Pending orders, the oldest first."""
    return [ordered(alice, FakeGateway(Unknown()), key=f"key-{number}") for number in range(3)]


class Choosy(FakeGateway):
    """Holds the money of one order; of the others it says nothing, or breaks."""

    def __init__(self, order: Order, *, breaks: bool = False, slow: float = 0) -> None:
        super().__init__()
        self.order, self.breaks, self.slow = order, breaks, slow

    def authorize(self, payment: Payment) -> Outcome:
        time.sleep(self.slow)
        if payment.order_id == self.order.pk:
            return super().authorize(payment)
        if self.breaks:
            raise RuntimeError("not foreseen")
        return Unknown()

    def find(self, payment: Payment) -> Outcome:
        return Unknown()


def test_orders_without_an_answer_keep_no_other_from_its_turn(three: list[Order]) -> None:
    gateway = Choosy(three[-1])

    for _ in range(50):
        payments.reconcile(gateway=gateway, now=timezone.now() + LATER, limit=2)

    assert [fresh(order).status for order in three] == ["pending", "pending", "paid"]


def test_order_that_breaks_the_question_keeps_no_other_from_being_asked_about(
    three: list[Order], caplog: pytest.LogCaptureFixture
) -> None:
    asked = payments.reconcile(gateway=Choosy(three[-1], breaks=True), now=timezone.now() + LATER)

    assert asked == 3
    assert [fresh(order).status for order in three] == ["pending", "pending", "paid"]
    assert caplog.text.count("RuntimeError: not foreseen") == 2


def test_round_is_over_after_its_time_and_still_closes_what_is_out_of_time(three: list[Order]) -> None:
    slow = Choosy(three[0], slow=0.05)
    Order.objects.filter(pk=three[0].pk).update(reserved_until=timezone.now())

    assert payments.reconcile(gateway=slow, now=timezone.now() + LATER, seconds=0.01) == 2
    assert fresh(three[0]).status == "expired"


def test_round_does_not_begin_beside_another(pending: Order, gateway: FakeGateway) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [payments.ROUND_LOCK])
        beside = payments.reconcile(gateway=gateway, now=timezone.now() + LATER)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [payments.ROUND_LOCK])
    other.close()

    assert (beside, gateway.calls) == (0, [])
    assert payments.reconcile(gateway=gateway, now=timezone.now() + LATER) == 1


class Cancelling(FakeGateway):
    """While it is asked about one order, the buyer cancels all others."""

    def authorize(self, payment: Payment) -> Outcome:
        for other in Order.objects.exclude(pk=payment.order_id):
            cancellation.cancel(other.pk)
        return super().authorize(payment)


def test_order_that_ended_during_the_round_is_not_charged(three: list[Order]) -> None:
    gateway = Cancelling()

    payments.reconcile(gateway=gateway, now=timezone.now() + LATER)

    assert sorted(fresh(order).status for order in three) == ["cancelled", "cancelled", "paid"]
    assert len(gateway.calls) == 1


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
