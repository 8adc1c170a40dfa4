"""The last units on the shelf: as many buyers get them as there are, and no baskets wait for each other in a circle."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from psycopg.errors import DeadlockDetected

from accounts.models import User
from orders.idempotency import Answer
from orders.models import Order
from shop import stock
from shop.errors import OutOfStock
from shop.models import Product
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import anomalies, press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS, UNITS = 20, 5


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(stocked=UNITS)


@pytest.fixture
def rush(desk: Product, gateway: FakeGateway) -> Callable[[], list[Any]]:
    """Twenty people press at once, held back until each has seen five units on the shelf."""
    crowd = User.objects.bulk_create(User(email=f"buyer-{number}@example.com") for number in range(BUYERS))
    for buyer in crowd:
        cart_of(buyer, (desk, 1))
    return lambda: queued([desk.stock], *(partial(press, buyer, gateway) for buyer in crowd))


@pytest.mark.roadmap("commerce/inventory", "databases/acid")
def test_twenty_threads_buy_the_last_five_units(
    rush: Callable[[], list[Any]], desk: Product, gateway: FakeGateway
) -> None:
    outcomes = rush()

    desk.stock.refresh_from_db()
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == UNITS
    assert sum(isinstance(outcome, OutOfStock) for outcome in outcomes) == BUYERS - UNITS
    assert (desk.stock.on_hand, desk.stock.reserved, len(gateway.book)) == (0, 0, UNITS)
    assert anomalies(outcomes, gateway) == []


@pytest.mark.breaks_the_books
def test_without_the_second_look_they_oversell(
    rush: Callable[[], list[Any]], gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_second_look_at_stock(monkeypatch)

    with walls.without(walls.CHECK, "shop_stock"):
        outcomes = rush()

        assert sum(isinstance(outcome, Answer) for outcome in outcomes) == BUYERS
        assert anomalies(outcomes, gateway) != []


@pytest.mark.roadmap("databases/acid")
def test_check_constraint_alone_still_sells_no_unit_twice(
    rush: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_second_look_at_stock(monkeypatch)

    outcomes = rush()

    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == UNITS
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == BUYERS - UNITS
    assert Order.objects.count() == UNITS


def opposite_baskets() -> list[Any]:
    """Two baskets with the same three products, one the other way round; each is stopped at the middle one."""
    first, middle, last = (product() for _ in range(3))
    baskets = [first, middle, last], [last, middle, first]
    return queued([middle.stock], *(partial(reserve, basket) for basket in baskets))


@transaction.atomic
def reserve(basket: list[Product]) -> None:
    stock.reserve([stock.Line(wanted.pk, 1) for wanted in basket])


@pytest.mark.breaks_the_books  # units promised to no order: this is about the shelf alone
@pytest.mark.roadmap("commerce/inventory")
def test_baskets_in_opposite_order_wait_for_each_other(transactional_db: None) -> None:
    assert opposite_baskets() == [None, None]


@transaction.atomic
def release(wanted: Product) -> None:
    stock.release([stock.Line(wanted.pk, 1)])


@pytest.mark.breaks_the_books
@pytest.mark.roadmap("databases/acid")
def test_unit_given_back_while_a_buyer_waits_is_the_buyers(transactional_db: None) -> None:
    lamp = product(stocked=1)
    reserve([lamp])

    assert queued([lamp.stock], partial(release, lamp), partial(reserve, [lamp])) == [None, None]


@pytest.mark.breaks_the_books
def test_without_an_order_of_locks_they_deadlock(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_order_of_locks(monkeypatch)

    [crash] = [outcome for outcome in opposite_baskets() if outcome is not None]

    assert isinstance(crash, OperationalError)
    assert isinstance(crash.__cause__, DeadlockDetected)
