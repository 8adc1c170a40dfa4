"""The Stripe gateway against a provider process: every answer, every silence, and what a repetition finds."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from orders.breaker import FAILURES, Breaker
from orders.gateways import ProviderFailed, StripeGateway, configured
from orders.models import Order, Payment, Refund
from orders.outcomes import Authorized, Declined, Missing, Unknown, Unsent
from tests.deploy.payment_provider.neighbour import KEY, Neighbour, eventually

pytestmark = pytest.mark.roadmap("commerce/payment-gateway", "testing/external-api-integration-tests")


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    running = Neighbour(tmp_path_factory.mktemp("provider"), WEBHOOK_URL="").start()
    yield running
    running.stop()
    running.http.close()


@pytest.fixture
def provider(neighbour: Neighbour) -> Neighbour:
    neighbour.http.delete("/_faults").raise_for_status()
    neighbour.http.delete("/_ledger").raise_for_status()
    return neighbour


def gateway_to(base: str, *, deadline: float = 2) -> StripeGateway:
    """A gateway with a breaker of its own, so that no test opens another's."""
    return StripeGateway(
        api_key=KEY, base=base, deadline=deadline, breaker=Breaker(f"test-{uuid4()}", settings.REDIS_URL)
    )


@pytest.fixture
def stripe_gateway(provider: Neighbour) -> StripeGateway:
    return gateway_to(provider.base)


def payment(method: str = "pm_card_visa", *, age: timedelta = timedelta()) -> Payment:
    born = timezone.now() - age
    order = Order(number="7KQ2-M4XD-9RTC", reserved_until=born + settings.RESERVATION_TIME)
    return Payment(order=order, method=method, amount=Decimal("42.00"), currency="EUR", created_at=born)


def held(gateway: StripeGateway, method: str = "pm_card_visa") -> Payment:
    made = payment(method)
    outcome = gateway.authorize(made)
    assert isinstance(outcome, Authorized)
    made.provider_id = outcome.provider_id
    return made


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_mastercard"])
def test_money_is_held_not_taken(provider: Neighbour, stripe_gateway: StripeGateway, method: str) -> None:
    made = held(stripe_gateway, method)

    [intent] = provider.ledger()
    assert (intent["id"], intent["amount"], intent["status"]) == (made.provider_id, 4200, "requires_capture")
    assert intent["metadata"] == {"payment": str(made.pk), "order": "7KQ2-M4XD-9RTC"}


def test_repetition_finds_the_first_charge(provider: Neighbour, stripe_gateway: StripeGateway) -> None:
    made = payment()

    assert stripe_gateway.authorize(made) == stripe_gateway.authorize(made)
    assert len(provider.ledger()) == 1


DECLINES = [
    ("pm_card_chargeDeclined", "generic_decline"),
    ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
]


@pytest.mark.parametrize(("method", "reason"), DECLINES)
def test_no_of_the_bank_is_for_good_and_says_why(stripe_gateway: StripeGateway, method: str, reason: str) -> None:
    made = payment(method)
    outcome = stripe_gateway.authorize(made)
    assert isinstance(outcome, Declined)

    made.provider_id = outcome.provider_id
    assert outcome.reason == reason
    assert stripe_gateway.find(made) == outcome
    assert not stripe_gateway.is_refusing()


@pytest.mark.parametrize("card", [{}, {"payment_method": "pm_card_visa"}], ids=["no card yet", "not confirmed yet"])
def test_payment_that_is_under_way_is_neither_held_nor_declined(
    provider: Neighbour, stripe_gateway: StripeGateway, card: dict[str, str]
) -> None:
    made = payment()
    ours = {"amount": 4200, "currency": "eur", "metadata[payment]": str(made.pk)}

    begun = provider.post("payment_intents", **ours, **card).json()

    assert stripe_gateway.find(made) == Unknown(begun["id"])
    provider.post(f"payment_intents/{begun['id']}/cancel")
    assert stripe_gateway.find(made) == Declined(begun["id"], "canceled")


def test_card_that_nobody_knows_is_declined(stripe_gateway: StripeGateway) -> None:
    assert stripe_gateway.authorize(payment("pm_unheard_of")) == Declined("", "resource_missing")


@pytest.mark.roadmap("architecture/service-communication")
@pytest.mark.parametrize(("fault", "found"), [("timeout_after_charge", Authorized), ("timeout_before_charge", Missing)])
def test_silence_is_unknown_and_asking_tells(provider: Neighbour, fault: str, found: type) -> None:
    impatient = gateway_to(provider.base, deadline=0.6)
    made = payment()
    provider.turn(hang_seconds=3, **{fault: 1})

    assert impatient.authorize(made) == Unknown()
    provider.turn()

    assert isinstance(impatient.find(made), found)


@pytest.mark.parametrize(("fault", "found"), [("error_500_after", Authorized), ("error_500_before", Missing)])
def test_error_is_unknown_and_asking_tells(
    provider: Neighbour, stripe_gateway: StripeGateway, fault: str, found: type
) -> None:
    made = payment()
    provider.turn(**{fault: 1})

    assert stripe_gateway.authorize(made) == Unknown()
    provider.turn()

    assert isinstance(stripe_gateway.find(made), found)


@pytest.fixture
def nobody() -> StripeGateway:
    """A gateway to a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return gateway_to(f"http://127.0.0.1:{free.getsockname()[1]}")


@pytest.mark.roadmap("architecture/circuit-breaker")
def test_refused_connection_is_unsent_and_opens_the_breaker(nobody: StripeGateway) -> None:
    for _ in range(FAILURES):
        assert not nobody.is_refusing()
        assert nobody.authorize(payment()) == Unsent()

    assert nobody.is_refusing()
    assert nobody.authorize(payment()) == Unsent()
    assert nobody.find(payment()) == Unknown()


def test_payment_is_found_by_our_id_among_others_and_by_theirs(stripe_gateway: StripeGateway) -> None:
    made = held(stripe_gateway)
    others = [held(stripe_gateway) for _ in range(2)]
    by_theirs = Authorized(made.provider_id)
    made.provider_id = ""

    assert stripe_gateway.find(made) == by_theirs
    assert stripe_gateway.find(payment()) == Missing()
    assert stripe_gateway.find(others[0]) == Authorized(others[0].provider_id)


def test_search_ends_with_the_reservation(provider: Neighbour, stripe_gateway: StripeGateway) -> None:
    made = payment(age=timedelta(days=1))
    provider.hold(**{"metadata[payment]": str(made.pk)})

    assert stripe_gateway.find(made) == Missing()


def ledger_of(provider: Neighbour) -> tuple[str, int, int]:
    [intent] = provider.ledger()
    return intent["status"], intent["amount_captured"], intent["amount_refunded"]


@pytest.mark.parametrize("times", [1, 3])
def test_held_money_is_taken_once_and_given_back_once(
    provider: Neighbour, stripe_gateway: StripeGateway, times: int
) -> None:
    made = held(stripe_gateway)
    due = Refund(payment=made, amount=Decimal("1.50"))

    for _ in range(times):
        stripe_gateway.capture(made)
        given_back = stripe_gateway.refund(due)

    assert given_back.startswith("re_")
    assert ledger_of(provider) == ("succeeded", 4200, 150)


@pytest.mark.parametrize("times", [1, 3])
def test_held_money_is_let_go(provider: Neighbour, stripe_gateway: StripeGateway, times: int) -> None:
    made = held(stripe_gateway)

    for _ in range(times):
        stripe_gateway.void(made)

    assert ledger_of(provider) == ("canceled", 0, 0)


@pytest.mark.roadmap("api/idempotency")
def test_late_request_holds_nothing_once_its_key_is_taken(provider: Neighbour, stripe_gateway: StripeGateway) -> None:
    made = payment()

    for _ in range(2):
        taken = stripe_gateway.forestall(made)
        assert isinstance(taken, Unknown)
        assert taken.provider_id
        stripe_gateway.void(Payment(id=made.pk, provider_id=taken.provider_id))

    assert stripe_gateway.authorize(made) == Declined(taken.provider_id, "canceled")
    assert ledger_of(provider) == ("canceled", 0, 0)


def test_request_that_is_still_under_way_is_not_overtaken_but_found(provider: Neighbour) -> None:
    impatient = gateway_to(provider.base, deadline=0.6)
    made = payment("pm_fault_slow")
    provider.turn(slow_ms=1000)

    assert (impatient.authorize(made), impatient.find(made)) == (Unknown(), Missing())
    assert impatient.forestall(made) == Unknown()
    eventually(lambda: bool(provider.ledger()))

    assert isinstance(impatient.forestall(made), Authorized)


@pytest.mark.parametrize("step", ["capture", "void", "refund"])
def test_step_that_got_lost_after_it_was_taken_is_not_taken_twice(
    provider: Neighbour, stripe_gateway: StripeGateway, step: str
) -> None:
    made = held(stripe_gateway)
    about: Any = made
    if step == "refund":
        stripe_gateway.capture(made)
        about = Refund(payment=made, amount=Decimal("1.50"))
    provider.turn(error_500_after=1)

    getattr(stripe_gateway, step)(about)

    expected = {"capture": ("succeeded", 4200, 0), "void": ("canceled", 0, 0), "refund": ("succeeded", 4200, 150)}
    assert ledger_of(provider) == expected[step]


@pytest.mark.parametrize("step", ["capture", "void", "refund"])
def test_step_that_is_not_certain_is_said_to_have_failed(nobody: StripeGateway, step: str) -> None:
    made = payment()
    made.provider_id = "pi_1"
    about: Any = Refund(payment=made, amount=Decimal("1.50")) if step == "refund" else made

    with pytest.raises(ProviderFailed):
        getattr(nobody, step)(about)


def test_refund_whose_key_the_provider_forgot_is_not_given_twice(
    provider: Neighbour, stripe_gateway: StripeGateway
) -> None:
    made = held(stripe_gateway)
    stripe_gateway.capture(made)
    due = Refund(payment=made, amount=Decimal("1.50"))
    given_back = stripe_gateway.refund(due)

    provider.let_a_day_pass()

    assert stripe_gateway.refund(due) == given_back
    assert ledger_of(provider) == ("succeeded", 4200, 150)


def test_refund_that_the_bank_sends_back_has_failed(provider: Neighbour, stripe_gateway: StripeGateway) -> None:
    made = held(stripe_gateway, "pm_card_refundFail")
    stripe_gateway.capture(made)
    due = Refund(payment=made, amount=Decimal("1.50"))

    for _ in range(2):
        with pytest.raises(ProviderFailed, match="failed"):
            stripe_gateway.refund(due)

    assert ledger_of(provider) == ("succeeded", 4200, 0)


def test_void_of_taken_money_fails(stripe_gateway: StripeGateway) -> None:
    made = held(stripe_gateway)
    stripe_gateway.capture(made)

    with pytest.raises(ProviderFailed):
        stripe_gateway.void(made)


def test_process_has_one_gateway_as_the_environment_says() -> None:
    assert configured() is configured()
    assert not configured().is_refusing()
