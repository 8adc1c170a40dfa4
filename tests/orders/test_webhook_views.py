"""The provider's webhook over HTTP: signed events are taken once and answered at once, all others are refused."""

import json
import time
from typing import Any

import pytest
import stripe
from django.conf import settings
from rest_framework.test import APIClient

from orders.models import OutboxMessage, WebhookEvent
from tests.answers import assert_problem

URL = "/api/v1/webhooks/payments/"


def signed(event: Any, *, secret: str = settings.PAYMENT_WEBHOOK_SECRET) -> tuple[str, dict[str, str]]:
    body, moment = json.dumps(event), int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{moment}.{body}", secret)
    return body, {"Stripe-Signature": f"t={moment},v1={signature}"}


def deliver(event: Any, **options: Any) -> Any:
    body, headers = signed(event, **options)
    return APIClient().post(URL, body, content_type="application/json", headers=headers)


def event(**changes: Any) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": {}}, **changes}


@pytest.mark.roadmap("commerce/payment-gateway")
def test_signed_event_is_taken_once_however_often_it_is_delivered(db: None) -> None:
    answers = [deliver(event()) for _ in range(3)]

    assert {(answer.status_code, answer.content) for answer in answers} == {(204, b"")}
    assert WebhookEvent.objects.count() == OutboxMessage.objects.count() == 1


UNUSABLE = [
    [], {}, "event", None, event(id=1), event(type=None), event(id="x" * 101), event(type="x" * 81),
    event(data={"nul": "\x00"}),
]  # fmt: skip


@pytest.mark.parametrize("payload", UNUSABLE)
def test_signed_nonsense_is_refused(transactional_db: None, payload: Any) -> None:
    assert_problem(deliver(payload), 400, "bad-webhook")

    assert not WebhookEvent.objects.exists()


def test_event_signed_by_somebody_else_is_refused(db: None) -> None:
    assert_problem(deliver(event(), secret="whsec_guessed"), 400, "bad-webhook")
    assert_problem(APIClient().post(URL, "{}", content_type="application/json"), 400, "bad-webhook")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_signature_counts_not_the_content_type(db: None, content_type: str) -> None:
    body, headers = signed(event())

    assert APIClient().post(URL, body, content_type=content_type, headers=headers).status_code == 204
