"""What is counted is what was committed: money by currency, events by name, refusals by reason."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import User
from orders import book, gateways, outbox
from orders.errors import PaymentUnavailable
from orders.figures.provider import Metered
from orders.gateways import ProviderFailed
from orders.models import OutboxMessage
from orders.outcomes import Authorized, Declined, Missing, Unknown, Unsent
from orders.tasks import CONSUMERS
from shop import stock
from shop.errors import OutOfStock
from tests.fakes import FakeGateway
from tests.figures import Gained, page
from tests.orders.purchases import ordered, perform_all

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def gained(transactional_db: None) -> Gained:
    return Gained()


@pytest.mark.roadmap("observability/prometheus-and-grafana", "observability/apm-signals")
def test_money_is_counted_once_it_is_taken(
    alice: User, gateway: FakeGateway, gained: Gained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    ordered(alice, gateway, units=2)

    before = gained("shop_money_captured_minor_units_total", currency="EUR")
    perform_all({"payment.capture": CONSUMERS["payment.capture"]})
    perform_all({"payment.capture": CONSUMERS["payment.capture"]})

    assert (before, gained("shop_money_captured_minor_units_total", currency="EUR")) == (0, 2560)
    assert gained("shop_order_events_total", event="OrderPlaced") == 1
    assert gained("shop_order_events_total", event="PaymentCaptured") == 1
    assert gained("shop_outbox_messages_total", topic="payment.capture", outcome="done") == 1
    assert gained("shop_purchase_duration_seconds_count") == 1


def test_what_is_rolled_back_is_not_counted(alice: User, gateway: FakeGateway, gained: Gained) -> None:
    order = ordered(alice, gateway)

    with transaction.atomic():
        book.record(order, "PaymentCaptured")
        transaction.set_rollback(True)

    assert gained("shop_money_captured_minor_units_total") == 0


ENDS = [(None, "paid"), (Declined("pi_1", "insufficient_funds"), "declined"), (Unknown(), "pending")]


@pytest.mark.parametrize(("outcome", "counted"), ENDS)
def test_purchase_is_counted_by_how_it_ended(alice: User, gained: Gained, outcome: Any, counted: str) -> None:
    ordered(alice, FakeGateway(outcome))

    assert gained("shop_purchases_total", outcome=counted) == gained("shop_purchases_total") == 1


def test_provider_that_nobody_could_reach_is_a_refusal(alice: User, gained: Gained) -> None:
    with pytest.raises(PaymentUnavailable):
        ordered(alice, FakeGateway(Unsent()))

    assert gained("shop_purchases_refused_total", reason="PaymentUnavailable") == 1
    assert gained("shop_purchases_total", outcome="refused") == gained("shop_purchases_total") == 1


def test_empty_shelf_is_counted(alice: User, gateway: FakeGateway, gained: Gained) -> None:
    with pytest.raises(OutOfStock):
        ordered(alice, gateway, units=3, stocked=2)

    assert gained("shop_stock_refusals_total") == 1
    assert gained("shop_purchases_refused_total", reason="OutOfStock") == 1


def test_error_of_ours_is_told_from_a_refusal(
    alice: User, gateway: FakeGateway, gained: Gained, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stock, "reserve", lambda lines: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        ordered(alice, gateway)

    assert gained("shop_purchases_total", outcome="error") == 1


@pytest.mark.roadmap("messaging/queue-monitoring")
def test_failures_and_deaths_of_messages_are_counted(gained: Gained) -> None:
    outbox.post("payment.void", {"order": 1})
    message = OutboxMessage.objects.get()

    def fail(payload: Any) -> None:
        raise ProviderFailed("away")

    outbox.perform(message.pk, {"payment.void": fail})
    OutboxMessage.objects.update(attempts=outbox.MOST_ATTEMPTS - 1, claimed_until=None)
    outbox.perform(message.pk, {"payment.void": fail})

    assert gained("shop_outbox_messages_total", topic="payment.void", outcome="failed") == 1
    assert gained("shop_outbox_messages_total", topic="payment.void", outcome="dead") == 1


def test_relay_counts_what_it_hands_over_by_lane(gained: Gained) -> None:
    for topic in ("mail.account", "webhook.event", "payment.void", "payment.capture"):
        outbox.post(topic, {})

    outbox.publish_due(lambda message_ids, topic: None)

    lanes = [gained("shop_outbox_published_total", lane=lane) for lane in ("mail", "webhook", "other")]
    assert lanes == [1, 1, 2]


@pytest.mark.roadmap("commerce/external-services", "observability/apm-signals")
@pytest.mark.parametrize("outcome", [Authorized("pi_1"), Declined("", "no"), Unsent(), Unknown(), Missing()])
def test_call_to_the_provider_is_counted_by_what_it_ended_in(gained: Gained, outcome: Any) -> None:
    metered = Metered(FakeGateway(outcome))

    assert metered.authorize(None) == outcome  # type: ignore[arg-type]

    name = type(outcome).__name__.lower()
    calls = "shop_payment_provider_request_duration_seconds_count"
    assert gained(calls, operation="authorize", outcome=name) == gained(calls) == 1


def test_call_that_raises_is_counted_as_failed_and_raises(gained: Gained) -> None:
    class Away(FakeGateway):
        def capture(self, payment: Any) -> None:
            raise ProviderFailed("away")

    with pytest.raises(ProviderFailed):
        Metered(Away()).capture(None)  # type: ignore[arg-type]

    calls = "shop_payment_provider_request_duration_seconds_count"
    assert gained(calls, operation="capture", outcome="failed") == 1


def test_webhook_of_a_stranger_is_counted(api: Callable[..., APIClient], gained: Gained) -> None:
    answer = api().post("/api/v2/webhooks/payments/", {}, format="json")

    assert answer.status_code == 400
    assert gained("shop_payment_webhooks_total", outcome="refused") == 1


def test_no_series_names_a_person_or_an_order(alice: User, gateway: FakeGateway, gained: Gained) -> None:
    order = ordered(alice, gateway)

    told = page()

    assert order.number not in told
    assert "alice" not in told
