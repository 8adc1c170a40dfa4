"""Coupons from the cart to the last use: taken once, given back when nothing is sold, and never in the way of a buyer
who can do without."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from orders import cancellation, cart, checkout, coupons, payments, refunds
from orders.errors import CouponNotValid, RefundTooLarge, TotalTooSmall, UnknownCoupon
from orders.idempotency import Answer, Request
from orders.models import Cart, Coupon, Order, OutboxMessage
from orders.outcomes import Declined, Unknown
from orders.pricing.lines import PricedLine
from orders.settlement import settle
from tests.factories import cart_of, manager, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, fresh, render

#: For tests that look at real transactions.
committing = pytest.mark.django_db(transaction=True)
KEPT = Answer(201, "application/json", "", "{}")


def coupon(code: str = "SPRING", *, kind: str = "percentage", value: str = "10", **fields: Any) -> Coupon:
    return Coupon.objects.create(code=code, kind=kind, value=Decimal(value), **fields)


def uses() -> int:
    return Coupon.objects.get().uses


def filled(buyer: User, code: str = "SPRING", *, price: str = "100.00") -> None:
    """A cart of one product with the coupon on it."""
    cart_of(buyer, (product(price=price), 1))
    coupons.attach(buyer, code)


def press(buyer: User, gateway: FakeGateway, key: str = "key-1", **wishes: Any) -> Order:
    purchase = checkout.Purchase("pm_card_visa", ADDRESS, **wishes)
    request = Request(buyer.pk, key, "fingerprint")
    answer = checkout.place_order(request=request, purchase=purchase, gateway=gateway, render=render)
    return fresh(Order.objects.get(number=json.loads(answer.body)["number"]))


@pytest.mark.roadmap("commerce/pricing")
def test_order_is_made_at_the_price_with_the_coupon_and_says_so(alice: User, gateway: FakeGateway) -> None:
    coupon(uses_limit=1)
    filled(alice, " spring ")

    order = press(alice, gateway)

    assert (order.subtotal, order.discount, order.total) == (Decimal("100.00"), Decimal("10.00"), Decimal("90.00"))
    assert (order.payment.amount, order.coupon_code, order.tax) == (Decimal("90.00"), "SPRING", Decimal("14.37"))
    assert uses() == 1
    assert Cart.objects.get(user=alice).coupon is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"uses_limit": 0}, "used_up"),
        ({"ends_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"starts_at": timezone.now() + timedelta(days=1)}, "not_begun"),
    ],
)
def test_coupon_that_is_of_no_use_is_refused_at_the_cart(alice: User, fields: dict[str, Any], reason: str) -> None:
    coupon(**fields)

    with pytest.raises(CouponNotValid) as refused:
        coupons.attach(alice, "SPRING")
    with pytest.raises(UnknownCoupon):
        coupons.attach(alice, "WINTER")

    assert refused.value.reason == reason
    assert not Cart.objects.exists()


def run_out(code: str = "SPRING") -> None:
    """Somebody else was faster."""
    Coupon.objects.filter(code=code).update(uses_limit=0)


def test_price_that_was_shown_is_not_raised_behind_the_buyers_back(alice: User, gateway: FakeGateway) -> None:
    coupon()
    filled(alice)
    run_out()

    with pytest.raises(CouponNotValid) as refused:
        press(alice, gateway)

    assert "if_coupon_fails" in str(refused.value)
    mine = Cart.objects.get(user=alice)
    assert (mine.lines.count(), mine.coupon) == (1, Coupon.objects.get())
    assert not Order.objects.exists()


def spoken(captured: CaptureQueriesContext) -> list[str]:
    """The statements of the coupon, and those that begin and end something, by their first words."""
    words = (
        "BEGIN",
        "SAVEPOINT",
        "UPDATE orders_coupon",
        "RELEASE",
        "ROLLBACK TO",
        "WITH entered",
        "COMMIT",
        "ROLLBACK",
    )
    said = (query["sql"].strip() for query in captured)
    return [next(word for word in words if sql.startswith(word)) for sql in said if sql.startswith(words)]


TO_THE_FIRST_COMMIT = ["BEGIN", "SAVEPOINT", "UPDATE orders_coupon", "RELEASE", "WITH entered", "COMMIT"]


@committing
@pytest.mark.roadmap("databases/tcl")
def test_coupon_that_is_taken_is_a_savepoint_released_in_the_orders_own_transaction(
    alice: User, gateway: FakeGateway
) -> None:
    coupon()
    filled(alice)

    with CaptureQueriesContext(connection) as captured:
        press(alice, gateway)

    assert spoken(captured) == [*TO_THE_FIRST_COMMIT, "BEGIN", "COMMIT"]
    assert OutboxMessage.objects.count() == 2  # the letter and the capture, seen by nobody before that commit


@committing
@pytest.mark.roadmap("databases/tcl")
def test_failed_coupon_is_rolled_back_alone_while_the_order_goes_on(alice: User, gateway: FakeGateway) -> None:
    coupon(
        kind="fixed_amount", value="5", currency="CHF", uses_limit=3
    )  # for a cart in euros: found out after counting
    filled(alice)

    with CaptureQueriesContext(connection) as captured:
        order = press(alice, gateway, if_coupon_fails="continue")

    undone = ["ROLLBACK TO", "RELEASE"]
    assert spoken(captured) == [*TO_THE_FIRST_COMMIT[:3], *undone, *TO_THE_FIRST_COMMIT[4:], "BEGIN", "COMMIT"]
    assert (order.status, order.total, order.discount, order.coupon_id) == ("paid", Decimal("100.00"), 0, None)
    assert uses() == 0


@committing
@pytest.mark.roadmap("databases/tcl")
def test_refused_coupon_rolls_the_whole_purchase_back(alice: User, gateway: FakeGateway) -> None:
    coupon(kind="buy_n_get_one", value="3")
    filled(alice)

    with CaptureQueriesContext(connection) as captured, pytest.raises(CouponNotValid) as refused:
        press(alice, gateway)

    assert refused.value.reason == "brings_nothing"
    assert spoken(captured) == [*TO_THE_FIRST_COMMIT[:3], "ROLLBACK TO", "RELEASE", "ROLLBACK"]
    assert (uses(), Cart.objects.get(user=alice).coupon) == (0, Coupon.objects.get())


def test_total_that_a_coupon_makes_too_small_uses_nothing(alice: User, gateway: FakeGateway) -> None:
    coupon(value="100")
    filled(alice)

    with pytest.raises(TotalTooSmall):
        press(alice, gateway)

    assert uses() == 0


def test_button_pressed_twice_uses_the_coupon_once(alice: User, gateway: FakeGateway) -> None:
    coupon(uses_limit=1)
    filled(alice)

    assert press(alice, gateway).pk == press(alice, gateway).pk

    assert uses() == 1


def declined(order_id: int) -> None:
    settle(order_id, Declined("pi_1", "insufficient_funds"))


def out_of_time(order_id: int) -> None:
    payments.reconcile(gateway=FakeGateway(Unknown()), now=timezone.now() + timedelta(hours=1))


@pytest.mark.parametrize("end", [declined, out_of_time, cancellation.cancel], ids=lambda end: end.__name__)
def test_order_that_came_to_nothing_gives_use_and_coupon_back(
    alice: User, gateway: FakeGateway, end: Callable[[int], Any]
) -> None:
    coupon(uses_limit=1)
    filled(alice)
    gateway.outcome = Unknown()
    order = press(alice, gateway)
    before = uses()

    end(order.pk)

    assert (order.status, before, uses()) == ("pending", 1, 0)
    mine = Cart.objects.get(user=alice)
    assert (mine.lines.count(), mine.coupon) == (1, Coupon.objects.get())


def test_paid_order_that_is_called_off_gives_the_use_back_once(alice: User, gateway: FakeGateway) -> None:
    coupon(uses_limit=1)
    filled(alice)
    order = press(alice, gateway)

    for _ in range(2):
        cancellation.cancel(order.pk)

    assert (fresh(order).status, uses()) == ("cancelled", 0)


def test_refund_gives_back_what_was_paid_and_not_what_the_goods_would_have_cost(
    alice: User, gateway: FakeGateway
) -> None:
    coupon(value="25")
    filled(alice)
    order = press(alice, gateway)
    ask = partial(refunds.request_refund, order_id=order.pk, reason="", actor=manager(), render=lambda _: KEPT)

    with pytest.raises(RefundTooLarge) as refused:
        ask(amount=Decimal("75.01"), request=Request(alice.pk, "more", "fingerprint"))
    ask(amount=None, request=Request(alice.pk, "all", "fingerprint"))

    assert refused.value.refundable == fresh(order).payment.refunded_amount == Decimal("75.00")
    assert uses() == 1


@dataclass(frozen=True)
class CheapestLineFree:
    """A discount that nobody had thought of when the checkout was written."""

    def off(self, lines: Sequence[PricedLine], currency: str) -> list[Decimal]:
        cheapest = min(lines, key=lambda line: line.total)
        return [line.total if line is cheapest else Decimal(0) for line in lines]


@pytest.mark.roadmap("languages/classes-and-objects")
def test_new_kind_of_discount_needs_no_change_in_the_checkout(
    alice: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(coupons.DISCOUNTS, "percentage", lambda _: CheapestLineFree())
    coupon()
    filled(alice)
    cart_of(alice, (product(price="8.00"), 2))

    order = press(alice, gateway)

    assert (order.discount, order.total) == (Decimal("16.00"), Decimal("100.00"))


def test_guests_coupon_comes_along_at_login_unless_there_is_another(alice: User, bob: User) -> None:
    coupon()
    coupon("AUTUMN")
    coupons.attach("a-guests-token", "SPRING")
    coupons.attach(bob, "AUTUMN")
    guest = cart.open_for_guest("a-guests-token")

    for user in (alice, bob):
        cart.merge(guest, into=cart.open_for_user(user))

    assert [Cart.objects.get(user=user).coupon.code for user in (alice, bob)] == ["SPRING", "AUTUMN"]


WALLS = [
    ("coupon_is_not_used_too_often", "UPDATE orders_coupon SET uses = 2"),
    ("orders_coupon_uses_check", "UPDATE orders_coupon SET uses = -1"),
    ("code_is_written_in_one_way", "UPDATE orders_coupon SET code = 'spring'"),
    ("coupon_takes_something_off", "UPDATE orders_coupon SET value = 101"),
    ("coupon_takes_something_off", "UPDATE orders_coupon SET kind = 'fixed_amount'"),
    ("orders_order_coupon", "DELETE FROM orders_coupon"),
    ("parts_are_not_negative", "UPDATE orders_order SET discount = -1"),
]


@pytest.mark.parametrize(("wall", "sql"), WALLS)
def test_database_refuses_what_a_bug_would_write(alice: User, gateway: FakeGateway, wall: str, sql: str) -> None:
    coupon(uses_limit=1)
    filled(alice)
    press(alice, gateway)

    with pytest.raises(IntegrityError, match=wall), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{sql}; SET CONSTRAINTS ALL IMMEDIATE")
