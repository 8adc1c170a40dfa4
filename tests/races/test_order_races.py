"""Two hands on one order at once: whoever comes first, the money, the stock and the history tell one story.

Each race runs twice: with the shop's locks, and with them taken out, which must break something. A race that nobody
loses without the lock would prove nothing about it.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from orders import cancellation, fulfilment, payments, refunds
from orders.errors import NotCancellable, NotFulfillable, NotRefundable, RefundTooLarge
from orders.fulfilment import Label
from orders.idempotency import Answer, Request
from orders.models import Fulfilment, Order, Refund
from orders.outcomes import Authorized
from orders.settlement import settle
from shop.models import StockEntry
from tests.factories import cart_of, manager, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import MuteGateway, anomalies, press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)
Deed = Callable[[Order, FakeGateway], Any]


def confirm(order: Order, gateway: FakeGateway) -> Any:
    """What the webhook, the periodic question and the request itself do when the provider says yes."""
    return settle(order.pk, Authorized(f"pi_{order.payment.pk}"))


def expire(order: Order, gateway: FakeGateway) -> Any:
    """What the clock does with the oldest order when its time is up."""
    return payments.reconcile(gateway=gateway, now=timezone.now() + 2 * settings.RESERVATION_TIME, limit=1)


def cancel(order: Order, gateway: FakeGateway) -> Any:
    return cancellation.cancel(order.pk)


def capture(order: Order, gateway: FakeGateway) -> Any:
    return payments.capture(order.pk, gateway=gateway)


def refund(order: Order, gateway: FakeGateway, amount: Decimal | None = None) -> Any:
    """Give all that is left back, or a part; each call under a key of its own."""
    return refunds.request_refund(
        order_id=order.pk,
        amount=amount,
        reason="",
        actor=manager(),
        request=Request(order.buyer_id, str(uuid4()), "f"),
        render=lambda made: Answer(201, "application/json", "", str(made.pk)),
    )


def refund_most(order: Order, gateway: FakeGateway) -> Any:
    """Two of these are more than was paid."""
    return refund(order, gateway, order.total * Decimal("0.75"))


def pack(order: Order, gateway: FakeGateway) -> Any:
    return fulfilment.pack(order.pk, actor=manager())


def ship(order: Order, gateway: FakeGateway) -> Any:
    """What the warehouse does with a parcel that stands there packed; each call with a label of its own."""
    label = Label("DHL", uuid4().hex)
    return fulfilment.ship(order.fulfilment.pk, label=label, actor=manager())


def send(order: Order, gateway: FakeGateway) -> Any:
    """Pack and ship at one go, and so fast that a cancellation meets a parcel that has left or none."""
    parcel, _ = fulfilment.pack(order.pk, actor=manager())
    return fulfilment.ship(parcel.pk, label=Label("DHL", uuid4().hex), actor=manager())


PENDING = [
    (confirm, expire),
    (expire, confirm),
    (confirm, cancel),
    (cancel, confirm),
    (confirm, confirm),
    (cancel, expire),
]
PAID = [
    (capture, cancel), (cancel, capture), (cancel, cancel), (refund, refund), (refund_most, refund_most),
    (cancel, refund), (refund, cancel), (pack, pack), (pack, cancel), (cancel, pack),
]  # fmt: skip

TAKEN = [(cancel, send), (send, cancel)]
PACKED = [(ship, ship), (refund, ship)]

#: Harmless even without a lock, as it happens: nobody loses what the other one writes.
HARMLESS = [(capture, capture), (refund, capture), (ship, refund)]


def name(deeds: Any) -> str:
    return " against ".join(deed.__name__ for deed in deeds)


@pytest.fixture
def gateway() -> MuteGateway:
    return MuteGateway()


@pytest.fixture
def pending(alice: User, bob: User, gateway: MuteGateway, transactional_db: None) -> Order:
    """Alice's order, of which the provider has not said a word; bob's units lie promised on the same shelf."""
    desk = product(stocked=5)
    for user in (alice, bob):
        cart_of(user, (desk, 2))
        press(user, gateway)
    gateway.is_mute = False
    return alice.orders.select_related("payment").get()


@pytest.fixture
def paid(pending: Order, gateway: MuteGateway) -> Order:
    """Alice's order, paid, the money held and not yet taken."""
    return confirm(pending, gateway).order


@pytest.fixture
def taken(paid: Order, gateway: MuteGateway) -> Order:
    """Alice's order, and its money is the shop's."""
    payments.capture(paid.pk, gateway=gateway)
    return Order.objects.select_related("payment").get(pk=paid.pk)


@pytest.fixture
def packed(taken: Order) -> Order:
    """Alice's order, ready to leave the house."""
    fulfilment.pack(taken.pk, actor=manager())
    return Order.objects.select_related("payment", "fulfilment").get(pk=taken.pk)


STAGES = {"pending": PENDING, "taken": TAKEN, "packed": [*PACKED, (ship, refund)]}


@pytest.fixture
def order(request: pytest.FixtureRequest, deeds: tuple[Deed, Deed]) -> Order:
    return request.getfixturevalue(next((stage for stage, played in STAGES.items() if deeds in played), "paid"))


@pytest.mark.roadmap("databases/acid", "commerce/order-processing")
@pytest.mark.parametrize("deeds", PENDING + PAID + TAKEN + PACKED + HARMLESS, ids=name)
def test_two_hands_on_one_order_tell_one_story(order: Order, gateway: MuteGateway, deeds: tuple[Deed, Deed]) -> None:
    outcomes = queued([order], *(partial(deed, order, gateway) for deed in deeds))

    assert anomalies(outcomes, gateway) == []


@pytest.mark.breaks_the_books
@pytest.mark.roadmap("databases/acid")
@pytest.mark.parametrize("deeds", PENDING + PAID + TAKEN + PACKED, ids=name)
def test_without_the_lock_they_do_not(
    order: Order, gateway: MuteGateway, deeds: tuple[Deed, Deed], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_row_locks(monkeypatch)

    outcomes = queued([order], *(partial(deed, order, gateway) for deed in deeds))

    assert anomalies(outcomes, gateway) != []


@pytest.mark.parametrize("deed", [refund, refund_most], ids=lambda deed: deed.__name__)
def test_of_two_refunds_at_once_one_is_refused(paid: Order, gateway: MuteGateway, deed: Deed) -> None:
    first, second = queued([paid], *2 * [partial(deed, paid, gateway)])

    assert isinstance(first, Answer)
    assert isinstance(second, NotRefundable | RefundTooLarge)
    assert Refund.objects.get().amount <= paid.total


def test_of_two_cancellations_at_once_one_puts_the_units_back(paid: Order, gateway: MuteGateway) -> None:
    outcomes = queued([paid], *2 * [partial(cancel, paid, gateway)])

    assert [is_new for _, is_new in outcomes] == [True, False]
    assert StockEntry.objects.filter(kind="returned").count() == 1


@pytest.mark.roadmap("commerce/order-processing")
@pytest.mark.parametrize("deeds", TAKEN, ids=name)
def test_what_is_sent_is_not_cancelled_and_what_is_cancelled_is_not_sent(
    taken: Order, gateway: MuteGateway, deeds: tuple[Deed, Deed]
) -> None:
    first, second = queued([taken], *(partial(deed, taken, gateway) for deed in deeds))

    taken.refresh_from_db()
    assert isinstance(first, tuple)
    assert isinstance(second, NotCancellable if deeds[0] is send else NotFulfillable)
    assert (taken.status, Fulfilment.objects.count()) == (("fulfilled", 1) if deeds[0] is send else ("cancelled", 0))
