"""A cart by user and by token, merged at login, emptied by one press and filled again when the purchase fails."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from orders import cart
from orders.errors import CartIsFull
from orders.models import Cart, CartLine
from orders.models.cart import MOST_LINES
from orders.outcomes import Declined
from shop.errors import UnknownProduct
from tests.factories import ProductFactory, cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered


def units(owner: Cart) -> dict[str, int]:
    return dict(owner.lines.values_list("product__sku", "quantity"))


def test_user_has_one_cart(alice: User) -> None:
    assert cart.open_for_user(alice) == cart.open_for_user(alice)


@pytest.mark.roadmap("databases/data-types")
def test_guests_cart_is_found_by_its_token_which_is_nowhere_stored(db: None) -> None:
    token = cart.new_token()
    opened = cart.open_for_guest(token)

    assert cart.of(token).get() == opened
    assert not cart.of(cart.new_token())
    assert not cart.of("")
    assert token not in str(Cart.objects.values().get())


@pytest.mark.roadmap("databases/dml")
def test_adding_again_tops_the_line_up_to_its_limit(alice: User) -> None:
    desk = product()
    mine = cart.open_for_user(alice)

    cart.add(mine, sku=desk.sku, quantity=60)
    line = cart.add(mine, sku=desk.sku, quantity=60)

    assert line.quantity == 99
    assert units(mine) == {desk.sku: 99}


def test_product_that_is_not_listed_cannot_be_added(alice: User) -> None:
    hidden = ProductFactory(is_listed=False)

    for sku in (hidden.sku, "UNHEARD-OF"):
        with pytest.raises(UnknownProduct) as refusal:
            cart.add(cart.open_for_user(alice), sku=sku, quantity=1)
        assert refusal.value.sku == sku


def test_cart_is_full_at_a_hundred_lines(alice: User) -> None:
    mine, shelf = cart.open_for_user(alice), product().category
    things = ProductFactory.create_batch(MOST_LINES + 1, category=shelf)
    CartLine.objects.bulk_create(CartLine(cart=mine, product=thing, quantity=1) for thing in things[1:])

    with pytest.raises(CartIsFull):
        cart.add(mine, sku=things[0].sku, quantity=1)
    assert cart.add(mine, sku=things[1].sku, quantity=1).quantity == 2


def test_guests_lines_that_find_no_room_stay_where_they_are(alice: User) -> None:
    mine, guests = cart.open_for_user(alice), cart.open_for_guest(cart.new_token())
    things = ProductFactory.create_batch(MOST_LINES + 1, category=product().category)
    CartLine.objects.bulk_create(CartLine(cart=mine, product=thing, quantity=1) for thing in things[2:])
    for thing in things[:2]:
        cart.add(guests, sku=thing.sku, quantity=1)

    cart.merge(guests, into=mine)

    assert mine.lines.count() == MOST_LINES
    assert units(guests) == {things[1].sku: 1}


@pytest.mark.roadmap("databases/dml", "frameworks/session-management")
def test_guests_cart_that_nobody_touched_for_a_month_is_forgotten(alice: User) -> None:
    desk, now = product(), timezone.now()
    _, stale, fresh = (cart.open_for_guest(cart.new_token()) for _ in range(3))
    for opened in (stale, fresh, cart.open_for_user(alice)):
        cart.add(opened, sku=desk.sku, quantity=1)
    Cart.objects.exclude(pk=None).update(created_at=now - timedelta(days=40))
    CartLine.objects.filter(cart=stale).update(added_at=now - timedelta(days=31))

    assert cart.forget_abandoned(now=now) == 2
    assert set(Cart.objects.all()) == {fresh, alice.cart}


def test_line_is_changed(alice: User) -> None:
    line = cart_of(alice, (product(), 1)).lines.get()

    cart.change(line, quantity=7)

    assert CartLine.objects.get().quantity == 7


@pytest.mark.roadmap("frameworks/session-management", "databases/dml")
def test_guests_cart_is_poured_into_the_users(alice: User) -> None:
    both, only_guest = product(), product()
    guest = cart.open_for_guest(cart.new_token())
    mine = cart_of(alice, (both, 2))
    cart.add(guest, sku=both.sku, quantity=3)
    cart.add(guest, sku=only_guest.sku, quantity=1)

    cart.merge(guest, into=mine)
    cart.merge(guest, into=mine)

    assert units(mine) == {both.sku: 5, only_guest.sku: 1}
    assert not guest.lines.exists()


def test_declined_purchase_adds_to_what_came_into_the_cart_meanwhile(alice: User) -> None:
    order = ordered(alice, FakeGateway(Declined("pi_1", "no")), units=2)

    assert units(alice.cart) == {order.lines.get().sku: 2}
    cart.put_back(order)
    assert units(alice.cart) == {order.lines.get().sku: 4}


def test_lines_keep_their_order_through_login_purchase_and_decline(alice: User) -> None:
    guests, mine = cart.open_for_guest(cart.new_token()), cart.open_for_user(alice)
    skus = [product().sku for _ in range(6)][::-1]
    for sku in skus:
        cart.add(guests, sku=sku, quantity=1)

    cart.merge(guests, mine)
    assert list(units(mine)) == skus
    order = ordered(alice, gateway=FakeGateway(Declined("pi_1", "card_declined")))

    assert [line.sku for line in order.lines.all()] == list(units(mine))
    assert list(units(mine))[:-1] == skus


def test_only_one_of_two_presses_takes_the_lines(alice: User) -> None:
    first, second = product(), product()
    cart_of(alice, (first, 1), (second, 2))

    taken = cart.take(alice.pk)

    assert {(item.product_id, item.quantity) for item in taken.items} == {(first.pk, 1), (second.pk, 2)}
    assert cart.take(alice.pk).items == []


WALLS = [
    ("cart_has_one_owner", "UPDATE orders_cart SET token_digest = 'x'"),
    ("cart_has_one_owner", "UPDATE orders_cart SET user_id = NULL"),
    ("cart_quantity_in_bounds", "UPDATE orders_cartline SET quantity = 0"),
    ("cart_quantity_in_bounds", "UPDATE orders_cartline SET quantity = 100"),
    (
        "product_stands_in_a_cart_once",
        "INSERT INTO orders_cartline (id, cart_id, product_id, quantity) "
        "SELECT gen_random_uuid(), cart_id, product_id, 1 FROM orders_cartline",
    ),
]


@pytest.mark.roadmap("databases/keys", "databases/schema-design")
@pytest.mark.parametrize(("wall", "statement"), WALLS)
def test_database_refuses(alice: User, wall: str, statement: str) -> None:
    cart_of(alice, (product(), 1))

    with pytest.raises(IntegrityError, match=wall), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.roadmap("databases/keys")
def test_deleted_cart_takes_its_lines_along(alice: User) -> None:
    cart_of(alice, (product(), 1)).delete()

    assert not CartLine.objects.exists()


def test_cart_and_line_say_what_they_are(alice: User) -> None:
    mine = cart_of(alice, (product(), 3))

    assert str(mine) == f"Cart {mine.pk}"
    assert str(mine.lines.get()).startswith("3 × ")
    assert timezone.now() - mine.created_at < timedelta(minutes=1)
