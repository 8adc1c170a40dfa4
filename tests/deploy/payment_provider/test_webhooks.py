"""The shop hears of everything, signed: at least once, sometimes late, twice, shuffled, or from a forger."""

import time

import pytest
import stripe

from tests.deploy.payment_provider.neighbour import SECRET, eventually

pytestmark = pytest.mark.roadmap("commerce/payment-gateway", "commerce/external-services")


def verify(heard):
    return stripe.Webhook.construct_event(heard.body, heard.signature, SECRET)


def test_library_verifies_what_is_delivered(provider, listener):
    intent = provider.hold(key="the-payment", **{"metadata[order]": "R-1042"}).json()
    eventually(lambda: len(listener.heard) == 1)

    event = verify(listener.heard[0])

    assert event.type == "payment_intent.amount_capturable_updated"
    assert event.data.object.to_dict() == intent
    assert event.request.idempotency_key == "the-payment"
    forged = listener.heard[0]._replace(body=listener.heard[0].body.replace(b"4200", b"0042"))
    with pytest.raises(stripe.SignatureVerificationError):
        verify(forged)


def test_every_step_of_a_payment_is_told(provider, listener):
    intent = provider.hold(**{"metadata[payment]": "5f0c"}).json()["id"]
    eventually(lambda: len(listener.heard) == 1)
    provider.post(f"payment_intents/{intent}/capture")
    eventually(lambda: len(listener.heard) == 2)
    provider.post("refunds", payment_intent=intent, amount=200)
    eventually(lambda: len(listener.heard) == 3)

    assert listener.types() == ["amount_capturable_updated", "succeeded", "charge.refunded"]
    charge = listener.heard[2].event["data"]["object"]
    assert (charge["payment_intent"], charge["amount_refunded"], charge["refunded"]) == (intent, 200, False)
    assert charge["metadata"] == {"payment": "5f0c"}


def test_failure_and_cancellation_are_told(provider, listener):
    provider.hold(card="pm_card_chargeDeclined")
    intent = provider.hold().json()["id"]
    provider.post(f"payment_intents/{intent}/cancel")

    eventually(lambda: {"payment_failed", "canceled"} <= set(listener.types()))


def test_webhook_comes_again_until_it_is_taken(provider, listener):
    answers = iter([500, 404])
    listener.answer = lambda heard: next(answers, 204)
    provider.hold()

    eventually(lambda: len(listener.heard) == 3)
    eventually(lambda: provider.http.get("/_health").json()["webhooks_waiting"] == 0)

    pauses = [later.at - sooner.at for sooner, later in zip(listener.heard, listener.heard[1:], strict=False)]
    assert len({heard.event["id"] for heard in listener.heard}) == 1
    assert pauses[0] >= 0.5
    assert pauses[1] >= 1
    assert [a["status"] for a in provider.http.get("/_deliveries").json()[0]["attempts"]] == [500, 404, 204]


def test_duplicates_carry_the_same_event(provider, listener):
    provider.turn(webhook_duplicates=2)
    provider.hold()

    eventually(lambda: len(listener.heard) == 3)
    assert len({heard.event["id"] for heard in listener.heard}) == 1


def test_late_webhook_comes_after_the_answer(provider, listener):
    provider.turn(webhook_delay_ms=600)
    created = provider.hold().json()["created"]

    assert listener.heard == []
    eventually(lambda: len(listener.heard) == 1)
    assert listener.heard[0].at >= created + 0.6
    verify(listener.heard[0])


def test_early_webhook_comes_before_the_answer(provider, listener):
    provider.turn(webhook_before_answer=True, webhook_delay_ms=60_000)

    intent = provider.hold().json()["id"]

    assert [heard.event["data"]["object"]["id"] for heard in listener.heard] == [intent]


def test_shuffled_webhooks_overtake_each_other(provider, listener):
    provider.turn(webhook_shuffle=True, seed=7)
    ids = [provider.hold().json()["id"] for _ in range(12)]

    eventually(lambda: len(listener.heard) == 12)
    told = [heard.event["data"]["object"]["id"] for heard in listener.heard]
    assert set(told) == set(ids)
    assert told != ids


def test_forged_webhook_is_refused_and_the_true_one_follows(provider, listener):
    def guard(heard):
        try:
            verify(heard)
        except stripe.SignatureVerificationError:
            provider.turn()
            return 400
        return 200

    listener.answer = guard
    provider.turn(webhook_bad_signature=1)
    provider.hold()

    eventually(lambda: len(listener.heard) == 2)
    eventually(lambda: provider.http.get("/_deliveries").json()[0]["delivered_at"] is not None)
    attempts = provider.http.get("/_deliveries").json()[0]["attempts"]
    assert [(a["status"], a["well_signed"]) for a in attempts] == [(400, False), (200, True)]


def test_nothing_of_an_emptied_book_is_on_the_way(provider, listener):
    listener.answer = lambda heard: time.sleep(0.4) or 200
    provider.hold()
    eventually(lambda: len(listener.heard) == 1)

    assert provider.http.delete("/_ledger").elapsed.total_seconds() > 0.2
    assert provider.http.get("/_deliveries").json() == []


def test_withheld_webhooks_go_out_when_the_switch_is_turned_back(provider, listener):
    provider.turn(webhooks_off=True)
    provider.hold()
    assert provider.http.get("/_health").json()["webhooks_waiting"] == 1
    assert listener.heard == []

    provider.turn()

    eventually(lambda: len(listener.heard) == 1)
