"""What anybody may send to the webhook's door, and the provider's own news when it comes before the answer."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.environment import WEBHOOK_PATH
from deploy.local.stack import Stack
from deploy.payment_provider.webhooks import sign
from tests.faults.books import Books
from tests.faults.crowd import Crowd

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


def event(**fields: Any) -> dict[str, Any]:
    subject = {"id": "pi_1", "metadata": {"payment": str(uuid4())}}
    return {"id": f"evt_{uuid4().hex}", "type": "payment_intent.succeeded", "data": {"object": subject}} | fields


def knock(shop: Stack, body: str | bytes, signature: str | None = None, *, age: float = 0) -> httpx.Response:
    """Send a body to the door, signed as the provider would unless another signature is given."""
    text = body.decode("latin-1") if isinstance(body, bytes) else body
    if signature is None:
        signature = sign(shop.env["PAYMENT_WEBHOOK_SECRET"], text, int(time.time() - age))
    headers = {"Stripe-Signature": signature} if signature else {}
    return httpx.post(shop.url + WEBHOOK_PATH, content=body, headers=headers, timeout=30, trust_env=False)


@pytest.mark.roadmap("commerce/payment-gateway", "security/safe-error-handling")
def test_event_that_is_not_the_providers_is_refused(shop: Stack, books: Books) -> None:
    body = json.dumps(event())
    stranger = sign("whsec_of_somebody_else", body, int(time.time()))
    mine = sign(shop.env["PAYMENT_WEBHOOK_SECRET"], body, int(time.time()))
    before = books.one("SELECT count(*) FROM orders_webhookevent")

    answers = {
        "unsigned": knock(shop, body, ""),
        "forged": knock(shop, body, stranger),
        "changed": knock(shop, body + " ", mine),
        "old": knock(shop, body, age=301),
        "gibberish": knock(shop, body, "t=yesterday,v1=yes"),
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 400)
    assert {answer.json()["type"] for answer in answers.values()} == {"/problems/bad-webhook/"}
    assert books.one("SELECT count(*) FROM orders_webhookevent") == before


@pytest.mark.roadmap("commerce/payment-gateway")
@pytest.mark.parametrize(
    "body",
    [
        "", "not json", "[]", '"event"', "{}", "null", '{"id": "evt_1"}', json.dumps(event(id=7)),
        json.dumps(event(type=["payment_intent.succeeded"])), json.dumps(event(id="evt_" + "x" * 500)),
        json.dumps(event(type="x" * 500)), json.dumps(event(api_version="\x00")), b"\xff\xfe{}",
    ],
)  # fmt: skip
def test_signed_nonsense_is_refused_as_well(shop: Stack, body: str | bytes) -> None:
    assert knock(shop, body).status_code == 400


def test_body_of_three_megabytes_is_refused(shop: Stack) -> None:
    answer = knock(shop, json.dumps(event(padding="x" * 3_000_000)), "t=1,v1=x")

    assert answer.status_code in {400, 413}
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.roadmap("commerce/payment-gateway")
@pytest.mark.parametrize(
    "fields",
    [
        {}, {"type": "invoice.paid"}, {"data": {"object": {"id": "pi_1"}}}, {"data": {"object": []}}, {"data": None},
        {"data": {"object": {"metadata": {"payment": "not-a-uuid"}}}}, {"data": {"object": {"metadata": [1]}}},
    ],
)  # fmt: skip
def test_news_of_nothing_that_we_know_is_stored_once_and_done(
    shop: Stack, books: Books, fields: dict[str, Any]
) -> None:
    news = event(**fields)

    answers = [knock(shop, json.dumps(news)).status_code for _ in range(3)]
    books.come_to_rest(60)

    assert answers == [204, 204, 204]
    assert books.one("SELECT count(*) FROM orders_webhookevent WHERE provider_event_id = %s", news["id"]) == 1
    work = "SELECT dead_at FROM orders_outboxmessage WHERE topic = 'payment.event' AND payload ->> 'event' = %s"
    assert books.ask(work, news["id"]) == [(None,)]


@pytest.mark.roadmap("commerce/payment-gateway", "commerce/order-processing")
def test_news_that_is_faster_than_the_answer_pays_the_order_once(
    crowd: Crowd, books: Books, faults: Callable[..., Any]
) -> None:
    faults(webhook_before_answer=True, webhook_duplicates=2)

    answers = crowd.buy(6, clients=3)
    books.come_to_rest(30)

    assert {press.status for press in answers} == {201}
    paid = "SELECT count(*) FROM orders_orderevent e JOIN orders_order o ON o.id = order_id WHERE type = 'OrderPaid'"
    assert [books.one(f"{paid} AND number = %s", press.number) for press in answers] == [1] * len(answers)
