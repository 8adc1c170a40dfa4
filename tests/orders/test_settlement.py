"""All ways that a provider's answer can come, and each of them twice: the order ends in one place."""

import pytest

from accounts.models import User
from orders import book, payments
from orders.errors import IllegalTransition
from orders.models import CartLine, IdempotencyKey, Order, OutboxMessage
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown, Unsent
from orders.settlement import close, settle
from orders.states import OrderStatus
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, history, ordered, perform_all, render, shelf

HELD = Authorized("pi_1")
REFUSED = Declined("pi_1", "insufficient_funds")


@pytest.fixture
def pending(alice: User) -> Order:
    """Two of five units, no answer yet."""
    return ordered(alice, FakeGateway(Unknown()))


def topics(order: Order) -> list[str]:
    return sorted(OutboxMessage.objects.filter(payload={"order": order.pk}).values_list("topic", flat=True))


WAYS: list[tuple[Outcome, str, str, tuple[int, int], list[str]]] = [
    (HELD, "paid", "authorized", (3, 0), ["mail.order_confirmation", "payment.capture"]),
    (REFUSED, "declined", "declined", (5, 0), []),
    (Unsent(), "cancelled", "voiding", (5, 0), ["payment.void"]),
    (Unknown(), "pending", "created", (5, 2), []),
    (Missing(), "pending", "created", (5, 2), []),
]


@pytest.mark.roadmap("commerce/order-processing", "databases/acid", "languages/python")
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("outcome", "status", "payment", "stock", "messages"), WAYS)
def test_order_ends_where_the_answer_puts_it(
    pending: Order, outcome: Outcome, status: str, payment: str, stock: tuple[int, int], messages: list[str], times: int
) -> None:
    for _ in range(times):
        settled = settle(pending.pk, outcome)

    assert (fresh(pending).status, fresh(pending).payment.status) == (status, payment)
    assert settled.order.status == status
    assert shelf(pending) == stock
    assert topics(pending) == messages


@pytest.mark.parametrize(("outcome", "lines"), [(HELD, 0), (REFUSED, 1), (Unsent(), 1), (Unknown(), 0)])
def test_cart_comes_back_unless_the_goods_are_bought(pending: Order, outcome: Outcome, lines: int) -> None:
    settle(pending.pk, outcome)

    assert CartLine.objects.count() == lines


@pytest.mark.parametrize(("second", "status"), [(REFUSED, "paid"), (Unsent(), "paid"), (Authorized("pi_2"), "paid")])
def test_first_answer_stays_whatever_comes_later(pending: Order, second: Outcome, status: str) -> None:
    settle(pending.pk, HELD)
    settle(pending.pk, second)

    assert fresh(pending).status == status
    assert fresh(pending).payment.provider_id == "pi_1"
    assert history(pending) == ["OrderPlaced", "OrderPaid"]


@pytest.mark.parametrize("outcome", [HELD, REFUSED, Unsent(), Unknown()])
@pytest.mark.parametrize("first", [HELD, REFUSED])
def test_order_that_somebody_touched_since_is_read_again(pending: Order, first: Outcome, outcome: Outcome) -> None:
    known = fresh(pending)
    stands = settle(pending.pk, first).order.status
    told = history(pending)

    settled = settle(pending.pk, outcome, render=render, known=known)

    assert settled.answer is None
    assert settled.order.status == fresh(pending).status == stands
    assert history(pending) == told + (["LateAuthorization"] if (first, outcome) == (REFUSED, HELD) else [])
    assert shelf(pending) == ((3, 0) if first is HELD else (5, 0))


def test_book_writes_nothing_of_an_order_that_is_no_longer_so(pending: Order) -> None:
    outdated = fresh(pending)
    settle(pending.pk, HELD)
    messages = topics(pending)
    outdated.move_to(OrderStatus.CANCELLED)

    with pytest.raises(book.Outdated):
        book.record(outdated, "OrderCancelled", messages=[book.Message("payment.void", {"order": pending.pk})])

    assert fresh(pending).status == "paid"
    assert fresh(pending).payment.status == "authorized"
    assert history(pending) == ["OrderPlaced", "OrderPaid"]
    assert topics(pending) == messages


def test_answer_is_kept_with_the_key_in_the_same_commit(pending: Order) -> None:
    IdempotencyKey.objects.update(answer=None)

    settled = settle(pending.pk, HELD, render=render)

    assert settled.answer is not None
    assert IdempotencyKey.objects.get().answer == settled.answer._asdict()


def test_out_of_reach_frees_the_key(pending: Order) -> None:
    settle(pending.pk, Unsent())

    assert not IdempotencyKey.objects.exists()
    assert fresh(pending).idempotency_key is None


@pytest.mark.parametrize("voided", [False, True], ids=["void under way", "void done"])
def test_money_held_for_an_order_that_is_no_more_is_let_go(pending: Order, voided: bool) -> None:
    settle(pending.pk, Unsent())
    if voided:
        pending.payment.__class__.objects.update(status="voided")

    settle(pending.pk, HELD)
    settle(pending.pk, HELD)

    assert (fresh(pending).status, fresh(pending).payment.status) == ("cancelled", "voiding")
    assert fresh(pending).payment.provider_id == "pi_1"
    assert topics(pending) == ["payment.void", "payment.void"]
    assert history(pending) == ["OrderPlaced", "OrderCancelled", "LateAuthorization"]


def test_money_held_for_a_declined_order_is_let_go(pending: Order, gateway: FakeGateway) -> None:
    settle(pending.pk, REFUSED)
    late = gateway.authorize(pending.payment)

    for _ in range(2):
        settle(pending.pk, late)
    assert history(pending) == ["OrderPlaced", "PaymentDeclined", "LateAuthorization"]
    perform_all({"payment.void": lambda message: payments.void(message["order"], gateway=gateway)})

    assert (fresh(pending).status, fresh(pending).payment.status) == ("declined", "voided")
    assert list(gateway.book.values()) == ["voided"]


def test_order_that_is_paid_cannot_be_closed(pending: Order) -> None:
    paid = settle(pending.pk, HELD).order

    with pytest.raises(IllegalTransition):
        close(paid, OrderStatus.EXPIRED, "too late")
