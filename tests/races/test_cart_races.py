"""A cart that is filled, bought, merged and given back at once: no unit is lost and none is bought twice."""

from functools import partial
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import Sum
from psycopg.errors import DeadlockDetected
from rest_framework.test import APIClient

from accounts.models import User
from orders import cancellation, cart
from orders.models import Cart, CartLine, Order, OrderLine
from shop.models import Product
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import MuteGateway, press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(stocked=9)


@pytest.fixture
def line(alice: User, desk: Product) -> CartLine:
    """One desk in alice's cart."""
    return cart_of(alice, (desk, 1)).lines.get()


@pytest.fixture
def guest(desk: Product) -> Cart:
    """A guest's cart with two desks."""
    opened = cart.open_for_guest(cart.new_token())
    cart.add(opened, sku=desk.sku, quantity=2)
    return opened


def units() -> int:
    """In carts and in orders together."""
    rows = [CartLine.objects.aggregate(sum=Sum("quantity")), OrderLine.objects.aggregate(sum=Sum("quantity"))]
    return sum(row["sum"] or 0 for row in rows)


def crashes(outcomes: list[Any]) -> list[Exception]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def add_and_buy(line: CartLine, gateway: FakeGateway, *, buys_first: bool) -> list[Any]:
    add = partial(cart.add, line.cart, sku=line.product.sku, quantity=1)
    buy = partial(press, line.cart.user, gateway)
    return queued([line], *([buy, add] if buys_first else [add, buy]))


@pytest.mark.roadmap("databases/acid")
@pytest.mark.parametrize("buys_first", [True, False])
def test_unit_added_during_a_purchase_is_bought_or_stays(
    line: CartLine, gateway: FakeGateway, buys_first: bool
) -> None:
    outcomes = add_and_buy(line, gateway, buys_first=buys_first)

    assert crashes(outcomes) == []
    assert units() == 2


def test_without_the_upsert_a_bought_unit_is_back_in_the_cart(
    line: CartLine, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_upsert(monkeypatch)

    add_and_buy(line, gateway, buys_first=True)

    assert units() == 3


def test_line_changed_during_a_purchase_is_gone(line: CartLine, gateway: FakeGateway, api: Any) -> None:
    client: APIClient = api(line.cart.user)
    change = partial(client.patch, f"/api/v1/cart/lines/{line.pk}/", {"quantity": 5}, format="json")

    _, answer = queued([line], partial(press, line.cart.user, gateway), change)

    assert answer.status_code == 404
    assert OrderLine.objects.get().quantity == 1


@pytest.mark.roadmap("databases/acid")
def test_guest_cart_merged_twice_at_once_is_poured_once(guest: Cart, alice: User) -> None:
    outcomes = queued(guest.lines.all(), *2 * [partial(cart.merge, guest, cart.open_for_user(alice))])

    assert crashes(outcomes) == []
    assert units() == 2


def test_without_the_single_pour_it_is_poured_twice(
    guest: Cart, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_single_pour(monkeypatch)
    merges = [partial(cart.merge, guest, cart.open_for_user(user)) for user in (alice, bob)]

    queued(guest.lines.all(), *merges)

    assert units() == 4


def test_unit_added_while_the_guest_logs_in_is_kept(guest: Cart, alice: User, desk: Product) -> None:
    actions = [
        partial(cart.merge, guest, cart.open_for_user(alice)),
        partial(cart.add, guest, sku=desk.sku, quantity=1),
    ]

    outcomes = queued(guest.lines.all(), *actions)

    assert crashes(outcomes) == []
    assert units() == 3


@pytest.mark.roadmap("databases/acid")
def test_press_during_a_login_buys_the_cart_before_or_after_it(line: CartLine, guest: Cart) -> None:
    cart.add(guest, sku=product().sku, quantity=1)

    queued([line.cart], partial(cart.merge, guest, line.cart), partial(press, line.cart.user, FakeGateway()))

    assert sorted(OrderLine.objects.values_list("quantity", flat=True)) == [1, 3]
    assert not line.cart.lines.exists()


def cancel_and_buy(line: CartLine, gateway: MuteGateway) -> list[Any]:
    """A pending order gives two products back to a cart that is being bought: one in it, one not."""
    chair = product()
    cart.add(line.cart, sku=chair.sku, quantity=1)
    press(line.cart.user, gateway)
    cart.add(line.cart, sku=line.product.sku, quantity=1)
    gateway.is_mute = False
    cancel = partial(cancellation.cancel, Order.objects.get().pk)
    return queued([chair.stock], cancel, partial(press, line.cart.user, gateway, "key-2"))


@pytest.mark.roadmap("databases/acid")
def test_lines_given_back_during_a_purchase_wait_for_each_other(line: CartLine) -> None:
    assert crashes(cancel_and_buy(line, MuteGateway())) == []


def test_without_the_cart_lock_they_deadlock(line: CartLine, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_cart_lock_for_several_lines(monkeypatch)

    [crash] = crashes(cancel_and_buy(line, MuteGateway()))

    assert isinstance(crash, OperationalError)
    assert isinstance(crash.__cause__, DeadlockDetected)
