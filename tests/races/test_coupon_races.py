"""The last use of a coupon, wanted by several at once, and the same without what holds it."""

from functools import partial
from typing import Any

import pytest

from accounts.models import User
from orders import coupons
from orders.errors import CouponNotValid
from orders.idempotency import Answer
from orders.models import Coupon, Order
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races.counter import press
from tests.races.rivals import queued
from tests.races.walls import CHECK, without

pytestmark = pytest.mark.django_db(transaction=True)

# Looks whether a use is left, then counts without looking again.
LOOK_THEN_COUNT = """
WITH seen AS MATERIALIZED (
    SELECT id FROM orders_coupon WHERE id = %s AND starts_at <= %s AND (ends_at IS NULL OR %s < ends_at)
    AND (uses_limit IS NULL OR uses < uses_limit)
)
UPDATE orders_coupon SET uses = orders_coupon.uses + 1 FROM seen WHERE orders_coupon.id = seen.id
RETURNING orders_coupon.*
"""


def ends_of_two(alice: User, bob: User, gateway: FakeGateway) -> list[Any]:
    """Both press with the same coupon on their carts, of which one use is left."""
    last = Coupon.objects.create(code="LAST", kind="percentage", value=10, uses_limit=1)
    for buyer in (alice, bob):
        cart_of(buyer, (product(), 1))
        coupons.attach(buyer, "LAST")
    return queued([last], *(partial(press, buyer, gateway) for buyer in (alice, bob)))


@pytest.mark.roadmap("commerce/pricing")
def test_last_use_goes_to_one_order(alice: User, bob: User, gateway: FakeGateway) -> None:
    ends = ends_of_two(alice, bob, gateway)

    assert [type(end) for end in ends] == [Answer, CouponNotValid]
    assert (Coupon.objects.get().uses, Order.objects.filter(discount__gt=0).count()) == (1, 1)


def test_without_the_second_look_the_wall_behind_it_holds(
    alice: User, bob: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupons, "REDEEM", LOOK_THEN_COUNT)

    ends = ends_of_two(alice, bob, gateway)

    assert "coupon_is_not_used_too_often" in str(ends[1])
    assert Coupon.objects.get().uses == 1


@pytest.mark.breaks_the_books
def test_without_either_one_use_is_given_to_two(
    alice: User, bob: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupons, "REDEEM", LOOK_THEN_COUNT)
    with without(CHECK, "orders_coupon"):
        ends = ends_of_two(alice, bob, gateway)
        used = Coupon.objects.get().uses

    assert [type(end) for end in ends] == [Answer, Answer]
    assert used == 2
