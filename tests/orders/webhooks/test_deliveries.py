"""What merchants' systems are told: in the event's own transaction, signed, until it arrives."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts import personal
from accounts.models import User
from accounts.security_events import NOWHERE
from orders import cancellation, outbox
from orders.models import OutboxMessage, WebhookDelivery, WebhookSubscription
from orders.outbox import relaying
from orders.tasks import CONSUMERS, LANES, tell_merchants
from orders.webhooks import deliveries, subscriptions
from orders.webhooks.deliveries import KEPT_FOR, PAUSES, deliver, replay
from orders.webhooks.subscriptions import Opened
from tests.conftest import LettersSent
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered, perform_all
from tests.orders.webhooks.receiver import Receiver, says
from tests.orders.webhooks.rounds import run_webhooks

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")]
WEBHOOKS = {topic: act for topic, act in CONSUMERS.items() if topic.startswith("webhook.")}


def come_due() -> None:
    """Let the time pass for which the relay would wait."""
    OutboxMessage.objects.waiting().update(due_at=timezone.now())


def test_stock_library_of_the_receiver_verifies_what_it_got(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    order = ordered(alice, gateway)
    run_webhooks()

    [call] = merchant.calls
    told = Webhook(opened.secret).verify(call.body, call.headers)
    assert (told["type"], told["data"]["order"], told["data"]["total"]) == ("order.paid", order.number, "25.60")
    assert call.path == "/hook?shop=1"
    with pytest.raises(WebhookVerificationError):
        Webhook(opened.secret).verify(call.body.replace(b"25.60", b"00.60"), call.headers)
    sent = WebhookDelivery.objects.get()
    assert (sent.status, sent.answered, sent.attempts) == ("delivered", 204, 1)


def test_event_is_announced_in_the_transaction_that_makes_it(
    alice: User, gateway: FakeGateway, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **reference: object) -> None:
        raise ZeroDivisionError

    order, events = ordered(alice, gateway), OutboxMessage.objects.filter(topic="webhook.event")
    with monkeypatch.context() as patched:
        patched.setattr(cancellation.stock, "put_back", fail)  # the step after the event is written
        with pytest.raises(ZeroDivisionError):
            cancellation.cancel(order.pk)
    assert events.count() == 1

    cancellation.cancel(order.pk)

    assert sorted(events.values_list("payload__kind", flat=True)) == ["order.cancelled", "order.paid"]


def test_purchase_that_nobody_listens_for_writes_no_message_and_asks_nothing_more(
    alice: User, gateway: FakeGateway, carol: User, merchant: Receiver
) -> None:
    subscriptions.subscribe(carol, url=merchant.url, events=["order.refunded"])

    ordered(alice, gateway)

    assert not OutboxMessage.objects.filter(topic__startswith="webhook.").exists()


def test_failing_receiver_is_tried_for_a_day_with_growing_pauses_and_then_left(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened, carol: User, letters_sent: LettersSent
) -> None:
    merchant.answer = says(503, b"come back later")
    ordered(alice, gateway)
    pauses = []
    for _ in range(len(PAUSES) + 1):
        run_webhooks()
        sent = WebhookDelivery.objects.get()
        pauses.append(sent.next_at - timezone.now() if sent.next_at else None)
        come_due()

    assert sum(PAUSES, timedelta()) > timedelta(days=1)
    assert all(pause and planned * 0.9 < pause <= planned * 1.2 for pause, planned in zip(pauses, PAUSES, strict=False))
    assert (sent.status, sent.attempts, sent.answered, sent.error) == ("dead", 8, 503, "come back later")
    assert len({call.headers["webhook-id"] for call in merchant.calls}) == 1 < len(merchant.calls) == 8
    opened.row.refresh_from_db()
    assert opened.row.disabled_at
    assert [letter.to for letter in letters_sent() if "switched off" in letter.subject] == [[carol.email]]
    run_webhooks()
    assert len(merchant.calls) == 8


@pytest.mark.django_db(transaction=True)
def test_next_attempt_is_not_published_before_its_time(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    merchant.answer = says(500)
    ordered(alice, gateway)
    run_webhooks()
    published: list[str] = []

    outbox.publish_due(lambda message_ids, topic: published.append(topic))

    waiting = OutboxMessage.objects.waiting().get(topic="webhook.delivery")
    assert waiting.due_at > timezone.now() + timedelta(seconds=3)
    assert "webhook.delivery" not in published


def test_receiver_that_hears_something_now_and_then_is_not_switched_off(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    order = ordered(alice, gateway)
    run_webhooks()
    cancellation.cancel(order.pk)
    merchant.answer = says(500)
    run_webhooks()
    failing = WebhookDelivery.objects.get(type="order.cancelled")
    WebhookDelivery.objects.filter(type="order.paid").update(delivered_at=timezone.now())
    WebhookDelivery.objects.filter(pk=failing.pk).update(attempts=len(PAUSES))

    deliver(failing.pk)

    failing.refresh_from_db()
    opened.row.refresh_from_db()
    assert (failing.status, opened.row.disabled_at) == ("dead", None)


def test_receiver_that_is_gone_is_switched_off_at_once(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    merchant.answer = says(410)
    ordered(alice, gateway)
    run_webhooks()

    opened.row.refresh_from_db()
    assert opened.row.disabled_at
    assert WebhookDelivery.objects.get().status == "dead"


def test_subscription_outlives_the_account_of_a_former_manager_and_writes_no_letter_to_it(
    gateway: FakeGateway, merchant: Receiver, alice: User, letters_sent: LettersSent
) -> None:
    opened = subscriptions.subscribe(alice, url=merchant.url, events=["order.paid"])
    ordered(alice, gateway)
    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)
    merchant.answer = says(410)

    run_webhooks()

    opened.row.refresh_from_db()
    assert opened.row.disabled_at
    assert not [letter for letter in letters_sent() if "switched off" in letter.subject]


@pytest.mark.django_db(transaction=True)  # a claim goes by the clock of its transaction
def test_worker_that_dies_between_sending_and_marking_sends_the_same_again(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As `kill -9`: nothing of the worker runs afterwards."""

    def die(*args: object, **changes: object) -> None:
        raise Killed

    ordered(alice, gateway)
    perform_all({"webhook.event": deliveries.announce})
    message = OutboxMessage.objects.waiting().get(topic="webhook.delivery")
    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "_write", die)
        with pytest.raises(Killed):
            outbox.perform(message.pk, CONSUMERS)
    assert not outbox.perform(message.pk, CONSUMERS), "its claim outlives it for a while"

    OutboxMessage.objects.filter(pk=message.pk).update(claimed_until=timezone.now())
    assert outbox.perform(message.pk, CONSUMERS)

    first, second = merchant.calls
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert not outbox.perform(message.pk, CONSUMERS)


def test_event_announced_twice_is_delivered_once(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    ordered(alice, gateway)
    message = OutboxMessage.objects.get(topic="webhook.event")

    deliveries.announce(message.payload)
    run_webhooks()

    assert len(merchant.calls) == WebhookDelivery.objects.count() == 1


def test_replay_sends_what_has_arrived_again_under_its_id(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    ordered(alice, gateway)
    run_webhooks()

    for _ in range(2):  # the second finds it on its way
        assert replay(WebhookDelivery.objects.get()).status == "pending"
    run_webhooks()

    first, second = merchant.calls
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


def test_old_secret_signs_beside_the_new_one_until_the_overlap_ends(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    new = subscriptions.rotate(opened.row, overlap=timedelta(hours=1))
    ordered(alice, gateway)
    run_webhooks()
    [call] = merchant.calls

    for secret in (opened.secret, new.secret):
        Webhook(secret).verify(call.body, call.headers)
    WebhookSubscription.objects.update(old_secret_until=timezone.now())
    replay(WebhookDelivery.objects.get())
    run_webhooks()
    Webhook(new.secret).verify(merchant.calls[1].body, merchant.calls[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(opened.secret).verify(merchant.calls[1].body, merchant.calls[1].headers)


def test_address_that_turned_inside_since_is_not_asked(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    ordered(alice, gateway)
    perform_all({"webhook.event": deliveries.announce})

    deliver(WebhookDelivery.objects.get().pk, look_up=lambda host, port: ["169.254.169.254"])

    sent = WebhookDelivery.objects.get()
    assert (merchant.calls, sent.status, sent.error) == ([], "pending", "This address is not on the public internet.")


def test_secret_lies_sealed_in_the_database_and_in_no_message(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    ordered(alice, gateway)
    run_webhooks()

    with connection.cursor() as cursor:
        for table in ("orders_webhooksubscription", "orders_webhookdelivery", "orders_outboxmessage"):
            cursor.execute(f"SELECT string_agg(row::text, '') FROM {table} row")
            assert opened.secret.removeprefix("whsec_") not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_webhooks_that_pile_up_hold_up_neither_money_nor_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "MOST_WAITING", 3)
    for _ in range(10):
        outbox.post("webhook.delivery", {"delivery": "x"})
    outbox.post("payment.capture", {"order": 1})
    outbox.post("mail.order_confirmation", {"order": 1})
    published: list[str] = []

    while outbox.publish_due(lambda message_ids, topic: published.append(topic)):
        """As the relay does."""

    assert published.count("webhook.delivery") == 3
    assert {"payment.capture", "mail.order_confirmation"} <= set(published)


def test_every_webhook_topic_has_the_lane_of_its_own() -> None:
    assert {LANES[topic.partition(".")[0]] for topic in WEBHOOKS} == {tell_merchants}


def test_what_arrived_is_forgotten_after_a_month_and_what_waits_is_not(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened
) -> None:
    ordered(alice, gateway)
    run_webhooks()
    waiting = WebhookDelivery.objects.create(id=uuid4(), subscription=opened.row, type="order.paid", body="{}")

    early, late = (
        deliveries.forget_settled(now=timezone.now() + KEPT_FOR + timedelta(minutes=minutes)) for minutes in (-1, 1)
    )

    assert (early, late) == (0, 1)
    assert list(WebhookDelivery.objects.all()) == [waiting]
