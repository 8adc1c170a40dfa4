"""The official `stripe` library talks to the provider and takes it for the real one."""

import time

import pytest
import stripe

pytestmark = pytest.mark.roadmap("commerce/payment-gateway", "frameworks/fastapi")

ORDER = {"amount": 4200, "currency": "eur", "confirm": True, "capture_method": "manual"}


def hold(client, card="pm_card_visa", **more):
    return client.v1.payment_intents.create({**ORDER, "payment_method": card} | more)


def test_hold_is_captured(client):
    intent = hold(client, metadata={"order": "R-1042", "payment": "5f0c"}, return_url="https://shop.example/thanks")

    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 4200, 0)
    assert intent.metadata["order"] == "R-1042"

    captured = client.v1.payment_intents.capture(intent.id)

    assert (captured.status, captured.amount_capturable, captured.amount_received) == ("succeeded", 0, 4200)
    assert client.v1.payment_intents.retrieve(intent.id) == captured


def test_part_of_a_hold_is_captured_and_the_rest_let_go(client, provider):
    intent = hold(client)

    with pytest.raises(stripe.InvalidRequestError, match="greater than the amount you can capture"):
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4201})
    captured = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4000})

    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 4000, 0)
    assert provider.ledger()[0]["amount_held"] == 0


def test_automatic_capture_takes_the_money_at_once(client):
    intent = hold(client, capture_method="automatic", automatic_payment_methods={"enabled": True})

    assert (intent.status, intent.amount_received) == ("succeeded", 4200)


def test_canceled_hold_cannot_be_captured(client):
    intent = hold(client)

    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"
    assert refusal.value.error.payment_intent.status == "canceled"


def test_captured_payment_cannot_be_captured_again_nor_canceled(client):
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id)

    for step in (client.v1.payment_intents.capture, client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            step(intent.id)
        assert refusal.value.code == "payment_intent_unexpected_state"


def test_refunds_end_where_the_captured_money_ends(client, provider):
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id)

    part = client.v1.refunds.create({"payment_intent": intent.id, "amount": 1200, "metadata": {"refund": "a"}})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 3001})
    rest = client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 1})

    assert refusal.value.code == "charge_already_refunded"
    assert (part.status, rest.amount) == ("succeeded", 3000)
    assert [r.id for r in client.v1.refunds.list({"payment_intent": intent.id})] == [rest.id, part.id]
    assert client.v1.refunds.retrieve(part.id).metadata["refund"] == "a"
    assert provider.ledger()[0]["amount_refunded"] == 4200


def test_hold_cannot_be_refunded(client):
    intent = hold(client)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create({"payment_intent": intent.id})


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_declined_card_says_why_and_another_one_may_follow(client, card, code, decline_code):
    with pytest.raises(stripe.CardError) as decline:
        hold(client, card, metadata={"order": "R-7"})

    error = decline.value.error
    assert (decline.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert (error.payment_intent.status, error.payment_intent.metadata["order"]) == ("requires_payment_method", "R-7")

    again = client.v1.payment_intents.confirm(error.payment_intent.id, {"payment_method": "pm_card_mastercard"})

    assert (again.status, again.last_payment_error) == ("requires_capture", None)


def test_intent_may_be_confirmed_later(client):
    bare = client.v1.payment_intents.create({"amount": 4200, "currency": "EUR"})
    intent = client.v1.payment_intents.create({"amount": 4200, "currency": "eur", "payment_method": "pm_card_visa"})

    assert (bare.status, bare.currency, intent.status) == ("requires_payment_method", "eur", "requires_confirmation")
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="could not be confirmed"):
        client.v1.payment_intents.confirm(bare.id)


def test_list_pages_through_everything_created_in_a_time(client):
    begun = int(time.time())
    ids = [hold(client).id for _ in range(7)]

    created = {"gte": begun, "lte": begun + 60}
    found = [i.id for i in client.v1.payment_intents.list({"created": created, "limit": 3}).auto_paging_iter()]

    assert found == ids[::-1]
    assert client.v1.payment_intents.list({"created": {"lt": begun}}).data == []
    assert client.v1.payment_intents.list({"limit": 7}).has_more is False


@pytest.mark.parametrize(
    ("wish", "code", "param"),
    [
        ({"payment_method": "pm_card_unknown"}, "resource_missing", "payment_method"),
        ({"capture_methd": "manual"}, "parameter_unknown", "capture_methd"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": "42.00 EUR"}, "parameter_invalid_integer", "amount"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": "euro"}, "parameter_invalid", "currency"),
        ({"metadata": {"order": "7" * 501}}, "parameter_invalid", "metadata[order]"),
        ({"metadata": "7"}, "parameter_invalid", "metadata"),
        ({"payment_method": None}, "parameter_missing", "payment_method"),
    ],
)
def test_request_that_makes_no_sense_is_refused_by_name(client, provider, wish, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        hold(client, **wish)

    assert (refusal.value.http_status, refusal.value.code, refusal.value.param) == (400, code, param)
    assert refusal.value.request_id.startswith("req_")
    assert provider.ledger() == []


def test_what_does_not_exist_is_missing(client):
    for ask in (client.v1.payment_intents.retrieve, client.v1.payment_intents.capture, client.v1.refunds.retrieve):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask("pi_none")
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.customers.list()


def test_stranger_is_shown_the_door(provider):
    for key in ("sk_test_other", "sk_live_roadmap"):
        with provider.client(key=key) as stranger, pytest.raises(stripe.AuthenticationError):
            hold(stranger)


def test_openapi_document_names_every_parameter_that_is_read(provider):
    paths = provider.http.get("/openapi.json").json()["paths"]

    form = paths["/v1/payment_intents"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert {"amount", "currency", "capture_method", "metadata"} <= form["schema"]["properties"].keys()
    assert {"/v1/refunds", "/v1/payment_intents/{intent_id}/capture"} <= paths.keys()
