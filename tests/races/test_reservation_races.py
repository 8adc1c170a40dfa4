"""Warehouses and buyers at one shelf: no unit is promised twice, one key is one reservation, units go back once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from config.audit import check_books
from orders.idempotency import Answer
from shop import reservations
from shop.errors import OutOfStock
from shop.models import Product, Reservation, Stock
from shop.stock import Line
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS, WAREHOUSES, UNITS = 6, 6, 5
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(stocked=UNITS)


@pytest.fixture
def rush(desk: Product, gateway: FakeGateway) -> Callable[[], list[Any]]:
    """Six buyers and six warehouses want one of the last five units, held back until each has seen them."""
    crowd = User.objects.bulk_create(User(email=f"rival-{number}@example.com") for number in range(BUYERS + WAREHOUSES))
    buyers, warehouses = crowd[:BUYERS], crowd[BUYERS:]
    for buyer in buyers:
        cart_of(buyer, (desk, 1))
    presses = [partial(press, buyer, gateway) for buyer in buyers]
    asks = [partial(reserve, warehouse, desk, uuid4()) for warehouse in warehouses]
    mixed = [action for pair in zip(presses, asks, strict=True) for action in pair]
    return lambda: queued([desk.stock], *mixed)


def reserve(user: User, thing: Product, key: UUID, units: int = 1) -> Reservation:
    return reservations.reserve(user, key=key, lines=[Line(thing.pk, units)], lasts=HOUR)


def won(outcomes: list[Any]) -> list[Any]:
    return [outcome for outcome in outcomes if isinstance(outcome, Answer | Reservation)]


@pytest.mark.roadmap("commerce/inventory", "databases/acid")
def test_last_units_go_to_buyers_and_warehouses_once_each(rush: Callable[[], list[Any]], desk: Product) -> None:
    outcomes = rush()

    desk.stock.refresh_from_db()
    assert len(won(outcomes)) == UNITS
    assert sum(isinstance(outcome, OutOfStock) for outcome in outcomes) == BUYERS + WAREHOUSES - UNITS
    assert {type(outcome) for outcome in won(outcomes)} == {Answer, Reservation}
    assert desk.stock.available == 0


@pytest.mark.breaks_the_books
def test_without_the_second_look_more_is_promised_than_is_there(
    rush: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_second_look_at_stock(monkeypatch)

    with walls.without(walls.CHECK, "shop_stock"):
        assert len(won(rush())) == BUYERS + WAREHOUSES


def one_key_twice(warehouse: User, desk: Product) -> list[Any]:
    """Both are stopped at the shelf or behind each other, each having seen that the key is new."""
    key = uuid4()
    return queued([desk.stock], *(partial(reserve, warehouse, desk, key, 2) for _ in range(2)))


@pytest.mark.roadmap("api/idempotency")
def test_one_key_twice_at_once_is_one_reservation(bob: User, desk: Product) -> None:
    first, second = one_key_twice(bob, desk)

    assert first.pk == second.pk
    assert Stock.objects.get(product=desk).reserved == 2


@pytest.mark.breaks_the_books
def test_without_the_unique_key_the_units_are_set_aside_twice(
    bob: User, desk: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = """INSERT INTO shop_reservation (owner_id, key, state, expires_at)
    SELECT * FROM (VALUES (%s::bigint, %s::uuid, 'held', %s::timestamptz)) wanted (owner_id, key, state, until)
    WHERE NOT EXISTS (SELECT FROM shop_reservation r WHERE (r.owner_id, r.key) = (wanted.owner_id, wanted.key))
    RETURNING id"""
    monkeypatch.setattr(reservations, "CLAIM", look)

    with walls.without("u", "shop_reservation"):
        one_key_twice(bob, desk)

        assert Stock.objects.get(product=desk).reserved == 4


def ended_twice(bob: User, desk: Product) -> list[Any]:
    """The clock and the client end one reservation at once, both stopped at its row."""
    reserve(bob, desk, key := uuid4(), 2)
    reserve(bob, desk, uuid4(), 2)  # units that a second release could take by mistake
    [row] = Reservation.objects.filter(key=key)
    Reservation.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    return queued([row], reservations.end_due, partial(reservations.release, bob, key=key))


@pytest.mark.roadmap("commerce/inventory")
def test_clock_and_client_at_once_give_the_units_back_once(bob: User, desk: Product) -> None:
    expired, released = ended_twice(bob, desk)

    assert (expired, released.state) == (1, Reservation.State.EXPIRED)
    assert Stock.objects.get(product=desk).reserved == 2
    assert check_books(at_rest=False) == []


@pytest.mark.breaks_the_books
def test_without_the_condition_on_the_row_they_give_back_what_is_somebody_elses(
    bob: User, desk: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = QuerySet.update

    def look_then_update(rows: QuerySet[Any], **changes: Any) -> int:
        if rows.model is not Reservation or "ended_at" not in changes:
            return update(rows, **changes)
        seen = list(rows.values_list("pk", flat=True))
        return update(Reservation.objects.filter(pk__in=seen), **changes)

    monkeypatch.setattr(QuerySet, "update", look_then_update)

    assert not [outcome for outcome in ended_twice(bob, desk) if isinstance(outcome, IntegrityError)]
    assert Stock.objects.get(product=desk).reserved == 0
