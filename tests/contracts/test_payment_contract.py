"""What the shop needs of the payment provider, said by the shop's own adapter, and kept by the provider next door."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from pact import Pact, match

from orders.breaker import Breaker
from orders.gateways import StripeGateway
from orders.models import Order, Payment, Refund
from orders.outcomes import Authorized, Declined
from tests.contracts.agreement import States, needs, renaming, verify
from tests.deploy.payment_provider.neighbour import KEY, Neighbour

pytestmark = pytest.mark.roadmap("testing/contract-tests", "testing/external-api-integration-tests")
FILE = "shop-payment-provider.json"
OF_THE_SHOP, THERE = UUID("5f0c2d1e-0000-4000-8000-000000000001"), "pi_held"
PLACED = datetime(2026, 1, 2, 12, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
EMPTY, HELD = "an empty book", f"a held payment {THERE}"
ABOUT_US = f"metadata[payment]={OF_THE_SHOP}&metadata[order]=7KQ2-M4XD-9RTC"
ASKED = "amount=4200&currency=eur&payment_method_types[0]=card&capture_method=manual&" + ABOUT_US
INTENT = {"id": match.regex("pi_held", regex=r"pi_\w+"), "object": "payment_intent"}


def payment(card: str = "pm_card_visa", there: str = "") -> Payment:
    order = Order(number="7KQ2-M4XD-9RTC", reserved_until=PLACED + timedelta(minutes=15))
    money = {"amount": Decimal("42.00"), "currency": "EUR"}
    return Payment(pk=OF_THE_SHOP, order=order, method=card, provider_id=there, created_at=PLACED, **money)


def gateway(base: str) -> StripeGateway:
    return StripeGateway(api_key=KEY, base=base, deadline=5, breaker=Breaker("contract", settings.REDIS_URL))


def asks(pact: Pact, what: str, method: str, path: str, form: str = "", given: str = "") -> Pact:
    """Begin an interaction; the caller says what the answer must hold."""
    asked = pact.upon_receiving(what)
    asked = (asked.given(given) if given else asked).with_request(method, path)
    asked.with_header("Authorization", match.regex(f"Bearer {KEY}", regex=r"Bearer sk_test_\w+"))
    if method == "POST":
        asked.with_header("Idempotency-Key", match.regex(str(OF_THE_SHOP), regex=r"[0-9a-f-]{36}"))
    if form:
        asked.with_body(form, FORM)
    return asked


def needed() -> Pact:
    """The parts of every answer that the shop reads, and nothing else."""
    pact = Pact("shop", "payment-provider").with_specification("V4")
    card = "&payment_method={}&confirm=true&error_on_requires_action=true"
    asks(
        pact, "hold the money", "POST", "/v1/payment_intents", ASKED + card.format("pm_card_visa"), EMPTY
    ).will_respond_with(200).with_body({**INTENT, "status": "requires_capture"})
    asks(
        pact, "hold money that the bank refuses", "POST", "/v1/payment_intents",
        ASKED + card.format("pm_card_chargeDeclinedInsufficientFunds"), EMPTY,
    ).will_respond_with(402).with_body(
        {"error": {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
                   "payment_intent": INTENT}}
    )  # fmt: skip
    one = f"/v1/payment_intents/{THERE}"
    asks(pact, "look at a payment", "GET", one, given=HELD).will_respond_with(200).with_body(
        {"id": THERE, "object": "payment_intent", "status": "requires_capture"}
    )
    window = {"created[gte]": str(int(PLACED.timestamp()) - 60), "created[lte]": str(int(PLACED.timestamp()) + 960)}
    asks(pact, "look for a payment by ours", "GET", "/v1/payment_intents", given=HELD).with_query_parameters(
        window | {"limit": "100"}
    ).will_respond_with(200).with_body(
        {"object": "list", "has_more": False, "url": "/v1/payment_intents",
         "data": [{"id": THERE, "object": "payment_intent", "status": "requires_capture",
                   "metadata": {"payment": str(OF_THE_SHOP)}}]}
    )  # fmt: skip
    for what, act, status in (("take the money", "capture", "succeeded"), ("let the money go", "cancel", "canceled")):
        asks(pact, what, "POST", f"{one}/{act}", given=HELD).will_respond_with(200).with_body(
            {"id": THERE, "object": "payment_intent", "status": status}
        )
    need_refunds(pact)
    return pact


def need_refunds(pact: Pact) -> None:
    given = f"a taken payment {THERE}"
    asks(pact, "list refunds", "GET", "/v1/refunds", given=given).with_query_parameters(
        {"payment_intent": THERE, "limit": "100"}
    ).will_respond_with(200).with_body({"object": "list", "has_more": False, "url": "/v1/refunds", "data": []})
    form = f"payment_intent={THERE}&amount=1000&metadata[refund]={OF_THE_SHOP}"
    asks(pact, "give money back", "POST", "/v1/refunds", form, given).will_respond_with(200).with_body(
        {"id": match.regex("re_1", regex=r"re_\w+"), "object": "refund", "status": "succeeded"}
    )


def test_shop_needs_what_the_file_says_and_gets_along_with_it(tmp_path: Path) -> None:
    pact = needed()

    with pact.serve("127.0.0.1") as mock:
        talk_of_everything(gateway(f"http://127.0.0.1:{mock.port}"))

    now, written = needs(pact, tmp_path)
    assert now == written, f"what the shop needs has changed: look at it, and copy {tmp_path} to docs/api/pacts/"


def talk_of_everything(shop: StripeGateway) -> None:
    there = payment(there=THERE)
    assert shop.authorize(payment()) == Authorized(THERE)
    assert shop.authorize(payment("pm_card_chargeDeclinedInsufficientFunds")) == Declined(THERE, "insufficient_funds")
    assert shop.find(there) == shop.find(payment()) == Authorized(THERE)
    shop.capture(there)
    shop.void(there)
    assert shop.refund(Refund(pk=OF_THE_SHOP, payment=there, amount=Decimal("10.00"))) == "re_1"


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    provider = Neighbour(tmp_path_factory.mktemp("contract")).start()
    yield provider
    provider.stop()
    provider.http.close()


def hold(provider: Neighbour, *, taken: bool = False) -> None:
    """An empty book with one payment in it, under the name and of the day that the contract speaks of."""
    provider.http.delete("/_ledger").raise_for_status()
    made = provider.hold(**{"metadata[payment]": str(OF_THE_SHOP), "metadata[order]": "7KQ2-M4XD-9RTC"}).json()["id"]
    if taken:
        provider.post(f"payment_intents/{made}/capture").raise_for_status()
    with closing(sqlite3.connect(provider.folder / "book.sqlite3", timeout=10)) as book, book:
        book.execute("UPDATE intents SET id = ?, created = ?", [THERE, int(PLACED.timestamp())])


def states(provider: Neighbour) -> States:
    return {
        EMPTY: partial(provider.http.delete, "/_ledger"),
        HELD: partial(hold, provider),
        f"a taken payment {THERE}": partial(hold, provider, taken=True),
    }


def test_provider_keeps_the_contract(neighbour: Neighbour) -> None:
    verify("payment-provider", FILE, neighbour.base, states(neighbour), {})


@pytest.mark.parametrize("field", ["status", "decline_code", "metadata"])
def test_field_that_the_shop_reads_cannot_be_renamed_unnoticed(neighbour: Neighbour, field: str) -> None:
    with (
        renaming(neighbour.base, field, f"new_{field}") as next_version,
        pytest.raises(AssertionError, match=field),
    ):
        verify("payment-provider", FILE, next_version, states(neighbour), {})


def test_field_that_nobody_reads_may_be_renamed(neighbour: Neighbour) -> None:
    with renaming(neighbour.base, "client_secret", "secret_of_the_client") as next_version:
        verify("payment-provider", FILE, next_version, states(neighbour), {})
