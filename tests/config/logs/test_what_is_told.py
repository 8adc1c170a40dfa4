"""What a purchase says about itself, line by line, and at which level each thing is said."""

import logging
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, transaction
from psycopg import errors as postgresql
from rest_framework.test import APIClient

from accounts import security_events, trail
from accounts.models import SecurityEvent, User
from config.logs.levels import level_of
from orders import outbox
from orders.breaker import Breaker
from orders.gateways import StripeGateway
from orders.models import Order, OutboxMessage, Payment
from orders.outcomes import Declined, Unknown
from orders.tasks import CONSUMERS
from tests.config.logs.conftest import Entries
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, perform_all

Api = Callable[[User | None], APIClient]
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def provider(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr("orders.gateways.configured", lambda: gateway)
    return gateway


def press(client: APIClient, buyer: User, *, units: int = 2) -> Order:
    cart_of(buyer, (product(sku="DESK", stocked=5), units))
    client.post("/api/v1/orders/", BODY, format="json", headers={"Idempotency-Key": "k", "X-Request-ID": "request-42"})
    return Order.objects.get()


@pytest.mark.roadmap("observability/what-to-log", "observability/log-levels", "commerce/purchase-flow")
def test_purchase_says_what_was_asked_and_what_came_of_it(alice: User, api: Api, entries: Entries) -> None:
    order = press(api(alice), alice)

    told = [
        (e["level"], e["logger"], e["message"], e.get("order")) for e in entries() if e["logger"].startswith("shop")
    ]
    assert told == [
        ("INFO", "shop.security", "login", None),
        ("INFO", "shop.business", "OrderPlaced", order.number),
        ("INFO", "shop.business", "OrderPaid", order.number),
        ("INFO", "shop.business", "StockLow", order.number),
        ("INFO", "shop.request", "POST 201", None),
    ]
    assert {entry["request_id"] for entry in entries("shop.business", "shop.request")} == {"request-42"}
    [low] = [entry for entry in entries("shop.business") if entry["message"] == "StockLow"]
    assert (low["sku"], low["on_hand"], low["below"]) == ("DESK", 3, 5)


@pytest.mark.roadmap("observability/log-levels")
def test_declined_card_is_information(alice: User, api: Api, gateway: FakeGateway, entries: Entries) -> None:
    gateway.outcome = Declined("pi_1", "insufficient_funds")

    order = press(api(alice), alice)

    assert [entry["message"] for entry in entries("shop.business")] == ["OrderPlaced", "PaymentDeclined"]
    assert entries("shop.business")[-1] | {"order": order.number, "level": "INFO"} == entries("shop.business")[-1]
    assert entries("shop.business")[-1]["details"] == {"reason": "insufficient_funds"}
    assert {entry["level"] for entry in entries() if not entry["logger"].startswith("factory")} <= {"DEBUG", "INFO"}


@pytest.mark.roadmap("observability/correlation-ids")
def test_what_a_worker_does_for_a_purchase_is_told_under_its_id(alice: User, api: Api, entries: Entries) -> None:
    press(api(alice), alice)
    before = len(entries("shop.business"))

    perform_all(CONSUMERS)

    told = [(entry["message"], entry["request_id"]) for entry in entries("shop.business")[before:]]
    assert told == [("CaptureStarted", "request-42"), ("PaymentCaptured", "request-42")]
    assert trail.request_id.get() == trail.NO_REQUEST


@pytest.mark.roadmap("observability/correlation-ids", "commerce/transactional-email")
def test_letter_carries_the_id_in_its_head(alice: User, api: Api, mailoutbox: list[Any]) -> None:
    press(api(alice), alice)

    perform_all(CONSUMERS)

    [letter] = mailoutbox
    assert letter.extra_headers["X-Request-ID"] == "request-42"


def test_what_was_rolled_back_is_not_told(alice: User, entries: Entries) -> None:
    with transaction.atomic():
        security_events.record(SecurityEvent.Kind.LOGIN, user=alice)
        transaction.set_rollback(True)

    assert entries("shop.security") == []


@pytest.mark.roadmap("observability/what-to-log")
def test_refund_is_a_business_event(alice: User, carol: User, api: Api, entries: Entries) -> None:
    order = press(api(alice), alice)
    perform_all(CONSUMERS)
    before = len(entries("shop.business"))

    answer = api(carol, "pwd", "otp").post(  # type: ignore[call-arg]
        f"/api/v1/orders/{order.number}/refunds/", {"reason": "broken"}, format="json", headers={"Idempotency-Key": "r"}
    )
    perform_all(CONSUMERS)

    assert answer.status_code in {201, 202}, answer.content
    told = entries("shop.business")[before:]
    assert [entry["message"] for entry in told] == ["RefundRequested", "PaymentRefunded"]
    assert {entry["details"]["amount"] for entry in told} == {str(order.total)}


def test_login_that_fails_is_told_to_whoever_watches(alice: User, api: Api, entries: Entries) -> None:
    for password in ("never-was-the-password", "alice-shows-the-shop"):
        api(None).post("/api/v1/auth/token/", {"email": alice.email, "password": password}, format="json")

    told = [(entry["level"], entry["message"], entry["user"]) for entry in entries("shop.security")]
    assert told == [("WARNING", "login-failed", alice.pk), ("INFO", "login", alice.pk)]
    assert entries("shop.security")[0]["address"] == "127.0.0.1"
    assert alice.email not in str(entries())


class Ill(BaseHTTPRequestHandler):
    """A provider that is ill, and writes down who asked."""

    heard: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        self.heard.append(self.headers["X-Request-ID"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""


@pytest.fixture
def ill() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Ill) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.roadmap("observability/log-levels", "observability/correlation-ids")
def test_retry_at_the_provider_is_a_warning_and_each_call_carries_the_id(
    alice: User, api: Api, ill: str, entries: Entries
) -> None:
    payment = Payment.objects.get(order=press(api(alice), alice))
    breaker = Breaker(f"test-{uuid4()}", settings.REDIS_URL)
    gateway = StripeGateway(api_key="sk_test_x", base=ill, deadline=2, breaker=breaker)

    with trail.resumed({"request_id": "request-77"}):
        assert isinstance(gateway.authorize(payment), Unknown)

    [warning] = entries("orders.gateways")
    assert (warning["level"], warning["request_id"]) == ("WARNING", "request-77")
    assert Ill.heard == ["request-77", "request-77"]


@pytest.mark.roadmap("observability/log-levels")
def test_message_that_is_given_up_is_an_error(entries: Entries) -> None:
    message = OutboxMessage.objects.create(topic="mail.test", payload={}, attempts=outbox.MOST_ATTEMPTS)

    outbox.perform(message.pk, {"mail.test": lambda _: None})

    [dead] = entries("orders.outbox.claims")
    assert (dead["level"], dead["message"]) == (
        "ERROR",
        f"message {message.pk} is dead: gave up after too many attempts",
    )


def refused(cause: Exception | None) -> OperationalError:
    failure = OperationalError("away")
    failure.__cause__ = cause
    return failure


@pytest.mark.roadmap("observability/log-levels")
@pytest.mark.parametrize(
    ("failure", "level"),
    [
        (refused(None), logging.CRITICAL),
        (refused(postgresql.OperationalError("connection refused")), logging.CRITICAL),
        (refused(postgresql.AdminShutdown()), logging.CRITICAL),
        (refused(postgresql.LockNotAvailable()), logging.WARNING),
        (refused(postgresql.QueryCanceled()), logging.WARNING),
        (RuntimeError("a fault of ours"), logging.ERROR),
    ],
)
def test_database_that_is_gone_is_critical_and_one_that_refuses_a_statement_is_not(
    failure: Exception, level: int
) -> None:
    assert level_of(failure) == level
