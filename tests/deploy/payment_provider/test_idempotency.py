"""A request that comes twice moves money once and gets the first answer twice."""

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import pytest
import stripe

pytestmark = pytest.mark.roadmap("api/idempotency", "commerce/payment-gateway")

ORDER = {"amount": 4200, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}


def test_second_request_gets_the_first_answer(provider):
    key = str(uuid4())
    first = provider.hold(key=key)
    provider.post(f"payment_intents/{first.json()['id']}/capture")

    second = provider.hold(key=key)

    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.headers
    assert len(provider.ledger()) == 1


@pytest.mark.parametrize("changed", [{"amount": 4300}, {"metadata": {"order": "other"}}])
def test_same_key_with_another_request_is_refused(client, changed):
    options = {"idempotency_key": str(uuid4())}
    client.v1.payment_intents.create(ORDER, options)

    with pytest.raises(stripe.IdempotencyError, match="same parameters they were first used with"):
        client.v1.payment_intents.create(ORDER | changed, options)


def test_same_key_at_another_endpoint_is_refused(client):
    options = {"idempotency_key": str(uuid4())}
    intent = client.v1.payment_intents.create(ORDER | {"capture_method": "manual"}, options)

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.payment_intents.capture(intent.id, {}, options)


def test_key_is_forgotten_after_a_day(provider):
    first = provider.hold(key="yesterday")
    with closing(sqlite3.connect(provider.folder / "book.sqlite3")) as book, book:
        book.execute("UPDATE saved_answers SET created = created - 86400")

    second = provider.hold(key="yesterday")

    assert first.json()["id"] != second.json()["id"]
    assert provider.hold(key="yesterday").content == second.content


def test_order_of_parameters_does_not_matter(provider):
    forms = [{"amount": 4200, "currency": "eur"}, {"currency": "eur", "amount": 4200}]

    answers = [provider.post("payment_intents", key="turned-round", **form) for form in forms]

    assert answers[0].json() == answers[1].json()


def test_decline_is_the_answer_for_ever(client, provider):
    options = {"idempotency_key": str(uuid4())}
    ids = set()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as decline:
            client.v1.payment_intents.create(ORDER | {"payment_method": "pm_card_chargeDeclined"}, options)
        ids.add(decline.value.error.payment_intent.id)

    assert len(ids) == len(provider.ledger()) == 1


def test_refusal_before_execution_leaves_the_key_free(provider):
    refused = provider.hold(key="mended", card="pm_card_misspelt")
    mended = provider.hold(key="mended")

    assert (refused.status_code, mended.status_code) == (400, 200)


def test_refusal_that_depends_on_the_book_is_kept(provider):
    intent = provider.hold().json()["id"]
    early = provider.post("refunds", key="early", payment_intent=intent)
    provider.post(f"payment_intents/{intent}/capture")

    again = provider.post("refunds", key="early", payment_intent=intent)

    assert (again.status_code, again.content) == (400, early.content)


def test_key_in_use_is_a_conflict_that_the_library_waits_out(provider):
    provider.turn(latency_ms=400)
    options = {"idempotency_key": str(uuid4())}

    def press(retries):
        with provider.client(max_network_retries=retries) as client:
            return client.v1.payment_intents.create(ORDER, options)

    with ThreadPoolExecutor(3) as presses:
        patient = [presses.submit(press, 4) for _ in range(3)]
    with ThreadPoolExecutor(2) as presses:
        raw = list(presses.map(lambda _: provider.hold(key="raw"), range(2)))

    assert len({press.result().id for press in patient}) == 1
    assert sorted(answer.status_code for answer in raw) == [200, 409]
    conflict = max(raw, key=lambda answer: answer.status_code)
    assert conflict.json()["error"]["code"] == "idempotency_key_in_use"
    assert conflict.headers["Stripe-Should-Retry"] == "true"


def test_thirty_two_presses_at_once_move_money_once(provider):
    with ThreadPoolExecutor(32) as presses:
        answers = list(presses.map(lambda _: provider.hold(key="one"), range(32)))

    codes = Counter(answer.status_code for answer in answers)
    assert codes[200] >= 1
    assert codes[200] + codes[409] == 32
    assert len({answer.content for answer in answers if answer.is_success}) == 1
    assert len(provider.ledger()) == 1


def test_error_after_execution_is_the_answer_for_ever_and_the_money_is_held(provider):
    provider.turn(error_500_after=1)
    first = provider.hold(key="spoilt")
    provider.turn()
    second = provider.hold(key="spoilt")

    assert (first.status_code, second.status_code) == (500, 500)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Stripe-Should-Retry"] == "false"
    assert [entry["amount_held"] for entry in provider.ledger()] == [4200]


def test_error_before_execution_leaves_the_key_free(provider):
    provider.turn(error_500_before=1)
    first = provider.hold(key="free")
    provider.turn()
    second = provider.hold(key="free")

    assert (first.status_code, second.status_code) == (500, 200)
    assert first.headers["Stripe-Should-Retry"] == "true"
    assert len(provider.ledger()) == 1
