"""The button pressed twice at once, and everything that can happen to an order while the provider is thinking."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from orders import cancellation, idempotency, payments, settlement
from orders.errors import CartIsEmpty, RequestInProgress
from orders.idempotency import Answer, Claim, Request
from orders.models import CartLine, Order, Payment
from orders.outcomes import Authorized, Outcome
from orders.settlement import settle
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import anomalies, press, work_off
from tests.races.rivals import Rival, queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(alice: User, transactional_db: None) -> CartLine:
    return cart_of(alice, (product(), 1)).lines.get()


def press_twice(line: CartLine, gateway: FakeGateway, *keys: str) -> list[Any]:
    return queued([line], *(partial(press, line.cart.user, gateway, key) for key in keys))


@pytest.mark.roadmap("api/idempotency")
def test_second_press_with_the_key_makes_nothing_of_its_own(line: CartLine, gateway: FakeGateway) -> None:
    first, second = press_twice(line, gateway, "one", "one")

    assert isinstance(first, Answer)
    assert second == first or isinstance(second, RequestInProgress)  # who is awake first is the machine's choice
    assert press(line.cart.user, gateway, "one") == first
    assert anomalies([first], gateway) == []
    assert len(gateway.book) == Order.objects.count() == 1


def test_cleaning_and_a_press_with_a_key_a_day_old_do_not_wait_for_each_other(
    line: CartLine, gateway: FakeGateway
) -> None:
    press(line.cart.user, gateway, "one")
    tomorrow = timezone.now() + timedelta(hours=25)
    again = Request(line.cart.user_id, "one", "another")

    forgotten, claimed = queued(
        [Order.objects.get()],
        partial(idempotency.forget_old, now=tomorrow),
        partial(transaction.atomic(idempotency.claim), again, now=tomorrow),
    )

    assert forgotten == 1
    assert isinstance(claimed, RequestInProgress | Claim)


@pytest.mark.breaks_the_books  # putting the wall up again empties the orders, not the ledger
def test_without_the_key_it_hears_that_the_cart_is_empty(
    line: CartLine, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_key(monkeypatch)

    with walls.without(walls.UNIQUE, "orders_idempotencykey"):
        _, second = press_twice(line, gateway, "one", "one")

        assert isinstance(second, CartIsEmpty)


@pytest.mark.breaks_the_books  # putting the wall up again empties the orders, not the ledger
def test_without_key_and_cart_lock_there_are_two_orders_and_two_charges(
    line: CartLine, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_key(monkeypatch)
    walls.no_cart_lock(monkeypatch)

    with walls.without(walls.UNIQUE, "orders_idempotencykey"):
        press_twice(line, gateway, "one", "one")

        assert (Order.objects.count(), len(gateway.book)) == (2, 2)


@pytest.mark.roadmap("databases/acid")
def test_two_keys_on_one_cart_make_one_order(line: CartLine, gateway: FakeGateway) -> None:
    first, second = press_twice(line, gateway, "one", "two")

    assert isinstance(first, Answer)
    assert isinstance(second, CartIsEmpty)


def test_without_the_cart_lock_two_keys_make_two_orders(
    line: CartLine, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_cart_lock(monkeypatch)

    press_twice(line, gateway, "one", "two")

    assert (Order.objects.count(), len(gateway.book)) == (2, 2)


class SlowGateway(FakeGateway):
    """While it thinks, before or after it holds the money, a rival acts on the order in a thread of its own."""

    def __init__(self, rival: Callable[[Order, FakeGateway], Any], *, holds_first: bool) -> None:
        super().__init__()
        self.rival, self.holds_first, self.outcomes = rival, holds_first, []

    def authorize(self, payment: Payment) -> Outcome:
        rival, self.rival = self.rival, lambda order, gateway: None
        if self.holds_first:
            super().authorize(payment)
        acting = Rival(partial(rival, payment.order, self))
        acting.start()
        self.outcomes.append(acting.ended())
        return super().authorize(payment)


def webhook(order: Order, gateway: FakeGateway) -> None:
    settle(order.pk, Authorized(f"pi_{order.payment.pk}"))


def clock(order: Order, gateway: FakeGateway) -> None:
    """The periodic question, by the same key."""
    payments.reconcile(gateway=gateway, now=timezone.now() + settings.RECONCILE_AFTER)


def expiry(order: Order, gateway: FakeGateway) -> None:
    payments.reconcile(gateway=gateway, now=timezone.now() + 2 * settings.RESERVATION_TIME)
    work_off(gateway)


def cancellation_and_void(order: Order, gateway: FakeGateway) -> None:
    cancellation.cancel(order.pk)
    work_off(gateway)


def second_press(order: Order, gateway: FakeGateway) -> None:
    with pytest.raises(RequestInProgress):
        press(order.buyer, gateway)


RIVALS = {webhook: 201, clock: 201, second_press: 201, expiry: 409, cancellation_and_void: 409}


@pytest.mark.roadmap("commerce/purchase-flow", "databases/acid")
@pytest.mark.parametrize("holds_first", [True, False], ids=["after the hold", "before the hold"])
@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.__name__)
def test_whatever_happens_while_the_provider_thinks(line: CartLine, rival: Any, holds_first: bool) -> None:
    gateway = SlowGateway(rival, holds_first=holds_first)

    answer = press(line.cart.user, gateway)

    assert answer.status == RIVALS[rival]
    assert anomalies(gateway.outcomes, gateway) == []
    ended = "taken" if answer.status == 201 else "voided"
    assert list(gateway.book.values()) == ([ended] if holds_first or answer.status == 201 else [])


@pytest.mark.breaks_the_books
def test_money_of_an_order_closed_meanwhile_stays_held_unless_it_is_let_go(
    line: CartLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "_let_go", lambda order, outcome: None)
    monkeypatch.setattr(FakeGateway, "forestall", FakeGateway.find)  # which would have refused it already
    gateway = SlowGateway(cancellation_and_void, holds_first=False)

    press(line.cart.user, gateway)

    assert "holds money" in str(anomalies([], gateway))
