"""The purchase, function by function: each promise of `orders/checkout.py` and each refusal."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from orders import checkout
from orders.errors import CartIsEmpty, IdempotencyKeyReused, PaymentUnavailable, RequestInProgress
from orders.idempotency import Answer, Request
from orders.models import CartLine, IdempotencyKey, Order, OutboxMessage, Payment
from orders.outcomes import Authorized, Declined, Outcome, Unknown, Unsent
from orders.settlement import settle
from orders.states import OrderStatus, PaymentStatus
from shop.errors import OutOfStock
from tests.factories import cart_of, product
from tests.fakes import FakeGateway

PURCHASE = checkout.Purchase("pm_card_visa", {"name": "Alice", "city": "Hamburg"})


def render(order: Order) -> Answer:
    return Answer(200, "application/json", "", json.dumps({"number": order.number, "status": order.status}))


def buy(user: User, gateway: FakeGateway, key: str = "key-1", fingerprint: str = "f") -> dict:
    request = Request(user.pk, key, fingerprint)
    answer = checkout.place_order(request=request, purchase=PURCHASE, gateway=gateway, render=render)
    return json.loads(answer.body)


@pytest.mark.roadmap("commerce/purchase-flow")
def test_cart_becomes_a_paid_order(alice: User, gateway: FakeGateway) -> None:
    desk = product(price=Decimal("99.90"), stocked=5)
    cart_of(alice, (desk, 2))

    answer = buy(alice, gateway)

    order = Order.objects.get(number=answer["number"])
    desk.stock.refresh_from_db()
    assert (order.status, order.total, order.payment.status) == ("paid", Decimal("199.80"), "authorized")
    assert (desk.stock.on_hand, desk.stock.reserved) == (3, 0)
    assert {message.topic for message in OutboxMessage.objects.all()} == {"mail.order_confirmation", "payment.capture"}
    assert not CartLine.objects.exists()


@pytest.mark.roadmap("databases/acid", "languages/error-handling")
def test_sold_out_changes_nothing(alice: User, gateway: FakeGateway) -> None:
    plenty, scarce = product(stocked=5), product(stocked=1)
    cart_of(alice, (plenty, 2), (scarce, 2))

    with pytest.raises(OutOfStock) as refusal:
        buy(alice, gateway)

    assert [(short.sku, short.requested, short.available) for short in refusal.value.shortages] == [(scarce.sku, 2, 1)]
    assert gateway.calls == []
    assert not Order.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert CartLine.objects.count() == 2


def test_declined_gives_stock_and_cart_back(alice: User) -> None:
    desk = product(stocked=1)
    cart_of(alice, (desk, 1))

    answer = buy(alice, FakeGateway(Declined("pi_1", "insufficient_funds")))

    desk.stock.refresh_from_db()
    assert answer["status"] == OrderStatus.DECLINED
    assert (desk.stock.on_hand, desk.stock.reserved) == (1, 0)
    assert CartLine.objects.get().quantity == 1


def test_no_answer_leaves_the_order_pending_and_the_units_reserved(alice: User) -> None:
    desk = product(stocked=1)
    cart_of(alice, (desk, 1))

    answer = buy(alice, FakeGateway(Unknown()))

    desk.stock.refresh_from_db()
    assert answer["status"] == OrderStatus.PENDING
    assert desk.stock.reserved == 1


def test_provider_out_of_reach_stops_the_purchase_and_frees_the_key(alice: User, gateway: FakeGateway) -> None:
    desk = product(stocked=1)
    cart_of(alice, (desk, 1))

    with pytest.raises(PaymentUnavailable):
        buy(alice, FakeGateway(Unsent()))

    desk.stock.refresh_from_db()
    assert desk.stock.available == 1
    assert Order.objects.get().payment.status == PaymentStatus.VOIDING
    assert buy(alice, gateway)["status"] == OrderStatus.PAID


class Overtaken(FakeGateway):
    """While this process sleeps the clock gets the order paid; then the breaker lets it call nobody."""

    def authorize(self, payment: Payment) -> Outcome:
        settle(payment.order.pk, Authorized("pi_1"))
        return Unsent()


def test_nobody_says_that_a_paid_order_was_not_charged(alice: User) -> None:
    cart_of(alice, (product(), 1))

    assert buy(alice, Overtaken())["status"] == OrderStatus.PAID
    assert buy(alice, Overtaken())["status"] == OrderStatus.PAID
    assert Order.objects.count() == 1


class TakenOver(FakeGateway):
    """So slow that the buyer presses again and that press takes over; it is told nothing and answers first."""

    def __init__(self, buyer: User, outcome: Outcome | None) -> None:
        super().__init__(outcome)
        self.buyer, self.told = buyer, {}

    def authorize(self, payment: Payment) -> Outcome:
        IdempotencyKey.objects.update(locked_until="2020-01-01T00:00:00Z")
        self.told = buy(self.buyer, FakeGateway(Unknown()))
        return super().authorize(payment)


@pytest.mark.roadmap("api/idempotency")
@pytest.mark.parametrize(("outcome", "status"), [(None, "paid"), (Declined("pi_1", "expired_card"), "declined")])
def test_press_that_was_taken_over_answers_what_is_kept(alice: User, outcome: Outcome | None, status: str) -> None:
    cart_of(alice, (product(), 1))
    slow = TakenOver(alice, outcome)

    answer = buy(alice, slow)

    assert slow.told["status"] == "pending"
    assert answer == slow.told == buy(alice, slow)
    assert Order.objects.get().status == status


def test_open_breaker_refuses_before_anything_is_written(alice: User) -> None:
    cart_of(alice, (product(), 1))

    with pytest.raises(PaymentUnavailable):
        buy(alice, FakeGateway(refusing=True))

    assert not Order.objects.exists()
    assert CartLine.objects.exists()


@pytest.mark.roadmap("api/idempotency")
def test_second_press_gets_the_first_answer(alice: User, gateway: FakeGateway) -> None:
    cart_of(alice, (product(), 1))

    first = buy(alice, gateway)

    assert buy(alice, gateway) == first
    assert gateway.calls == ["authorize"]
    assert Order.objects.count() == 1


def test_key_of_another_request_is_refused(alice: User, gateway: FakeGateway) -> None:
    cart_of(alice, (product(), 1))
    buy(alice, gateway)

    with pytest.raises(IdempotencyKeyReused):
        buy(alice, gateway, fingerprint="another")


def test_key_of_a_running_request_is_refused(alice: User) -> None:
    cart_of(alice, (product(), 1))
    buy(alice, FakeGateway(Unknown()))
    IdempotencyKey.objects.update(answer=None)

    with pytest.raises(RequestInProgress):
        buy(alice, FakeGateway())


def test_request_whose_process_died_is_resumed(alice: User, gateway: FakeGateway) -> None:
    cart_of(alice, (product(), 1))
    pending = buy(alice, FakeGateway(Unknown()))
    IdempotencyKey.objects.update(answer=None, locked_until="2020-01-01T00:00:00Z")

    assert buy(alice, gateway) == {"number": pending["number"], "status": "paid"}


@pytest.mark.parametrize("outcome", [Unsent(), Unknown()])
def test_resumed_request_that_reaches_nobody_says_nothing_of_the_one_that_died(alice: User, outcome: Unsent) -> None:
    cart_of(alice, (product(), 1))
    pending = buy(alice, FakeGateway(Unknown()))
    IdempotencyKey.objects.update(answer=None, locked_until="2020-01-01T00:00:00Z")

    assert buy(alice, FakeGateway(outcome)) == pending


def test_resumed_request_finds_what_the_clock_has_settled_meanwhile(alice: User, gateway: FakeGateway) -> None:
    cart_of(alice, (product(), 1))
    pending = buy(alice, FakeGateway(Unknown()))
    settle(Order.objects.get().pk, Authorized("pi_1"))
    IdempotencyKey.objects.update(answer=None, locked_until="2020-01-01T00:00:00Z")

    assert buy(alice, gateway) == {"number": pending["number"], "status": "paid"}
    assert gateway.calls == []


def test_empty_cart_is_refused(alice: User, gateway: FakeGateway) -> None:
    with pytest.raises(CartIsEmpty):
        buy(alice, gateway)


@pytest.mark.parametrize("lines", [1, 5])
def test_costs_seven_statements_in_two_commits(alice: User, gateway: FakeGateway, lines: int) -> None:
    cart_of(alice, *((product(), 1) for _ in range(lines)))

    with CaptureQueriesContext(
        connection,
    ) as captured:
        buy(alice, gateway)

    statements = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == 7, statements
