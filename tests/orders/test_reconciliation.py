"""The periodic question: pending orders are asked about, given up or closed, and none keeps another from its turn."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from orders import cancellation, payments
from orders.models import Order, Payment
from orders.outcomes import Declined, Missing, Outcome, Unknown, Unsent
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

LATER = timedelta(minutes=1)


@pytest.fixture
def pending(alice: User) -> Order:
    return ordered(alice, FakeGateway(Unknown()))


RECONCILED: list[tuple[Outcome | None, timedelta, str]] = [
    (None, LATER, "paid"),
    (Declined("pi_1", "no"), LATER, "declined"),
    (Unknown(), LATER, "pending"),
    (Unsent(), timedelta(seconds=20), "pending"),
    (Unknown(), timedelta(seconds=1), "pending"),
    (Unknown(), timedelta(hours=1), "expired"),
]


@pytest.mark.roadmap("commerce/external-services")
@pytest.mark.parametrize(("outcome", "age", "status"), RECONCILED)
def test_pending_order_is_asked_about_until_it_is_out_of_time(
    pending: Order, outcome: Outcome | None, age: timedelta, status: str
) -> None:
    asked = payments.reconcile(gateway=FakeGateway(outcome), now=pending.placed_at + age)

    assert fresh(pending).status == status
    assert asked == (0 if age < settings.RECONCILE_AFTER else 1)


class Erring(FakeGateway):
    """A provider that answers the charge with errors and says that it holds nothing."""

    def __init__(self) -> None:
        super().__init__(Unknown())

    def find(self, payment: Payment) -> Outcome:
        return Missing()


@pytest.mark.parametrize(("age", "status"), [(29, "pending"), (31, "cancelled")])
def test_provider_that_only_errs_and_holds_nothing_is_given_up_on(pending: Order, age: int, status: str) -> None:
    payments.reconcile(gateway=Erring(), now=pending.placed_at + timedelta(seconds=age))

    assert fresh(pending).status == status


def test_open_breaker_asks_nobody_but_time_goes_on(pending: Order) -> None:
    refusing = FakeGateway(refusing=True)

    assert payments.reconcile(gateway=refusing, now=timezone.now() + LATER) == 0
    assert payments.reconcile(gateway=refusing, now=timezone.now() + timedelta(hours=1)) == 1
    assert (fresh(pending).status, refusing.calls) == ("expired", [])


@pytest.fixture
def three(alice: User) -> list[Order]:
    """Pending orders, the oldest first."""
    return [ordered(alice, FakeGateway(Unknown()), key=f"key-{number}") for number in range(3)]


class Choosy(FakeGateway):
    """Holds the money of one order; of the others it says nothing, or breaks."""

    def __init__(self, order: Order, *, breaks: bool = False, slow: float = 0) -> None:
        super().__init__()
        self.order, self.breaks, self.slow = order, breaks, slow

    def authorize(self, payment: Payment) -> Outcome:
        time.sleep(self.slow)
        if payment.order_id == self.order.pk:
            return super().authorize(payment)
        if self.breaks:
            raise RuntimeError("not foreseen")
        return Unknown()

    def find(self, payment: Payment) -> Outcome:
        return Unknown()


def test_orders_without_an_answer_keep_no_other_from_its_turn(three: list[Order]) -> None:
    gateway = Choosy(three[-1])

    for _ in range(50):
        payments.reconcile(gateway=gateway, now=timezone.now() + LATER, limit=2)

    assert [fresh(order).status for order in three] == ["pending", "pending", "paid"]


def test_order_that_breaks_the_question_keeps_no_other_from_being_asked_about(
    three: list[Order], caplog: pytest.LogCaptureFixture
) -> None:
    asked = payments.reconcile(gateway=Choosy(three[-1], breaks=True), now=timezone.now() + LATER)

    assert asked == 3
    assert [fresh(order).status for order in three] == ["pending", "pending", "paid"]
    assert caplog.text.count("RuntimeError: not foreseen") == 2


def test_round_is_over_after_its_time_and_still_closes_what_is_out_of_time(three: list[Order]) -> None:
    slow = Choosy(three[0], slow=0.05)
    Order.objects.filter(pk=three[0].pk).update(reserved_until=timezone.now())

    assert payments.reconcile(gateway=slow, now=timezone.now() + LATER, seconds=0.01) == 2
    assert fresh(three[0]).status == "expired"


def test_round_does_not_begin_beside_another(pending: Order, gateway: FakeGateway) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [payments.ROUND_LOCK])
        beside = payments.reconcile(gateway=gateway, now=timezone.now() + LATER)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [payments.ROUND_LOCK])
    other.close()

    assert (beside, gateway.calls) == (0, [])
    assert payments.reconcile(gateway=gateway, now=timezone.now() + LATER) == 1


class Cancelling(FakeGateway):
    """While it is asked about one order, the buyer cancels all others."""

    def authorize(self, payment: Payment) -> Outcome:
        for other in Order.objects.exclude(pk=payment.order_id):
            cancellation.cancel(other.pk)
        return super().authorize(payment)


def test_order_that_ended_during_the_round_is_not_charged(three: list[Order]) -> None:
    gateway = Cancelling()

    payments.reconcile(gateway=gateway, now=timezone.now() + LATER)

    assert sorted(fresh(order).status for order in three) == ["cancelled", "cancelled", "paid"]
    assert len(gateway.calls) == 1
