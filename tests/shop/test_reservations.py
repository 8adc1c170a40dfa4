"""Every promise of `shop/reservations.py`: the key makes all repeatable, and units go back once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config.audit import check_books
from shop import reservations, stock
from shop.errors import BadReservation, CountBelowReserved, OutOfStock, ReservationDiffers, UnknownReservation
from shop.models import Product, Reservation, ReservationLine, Stock
from shop.reservations import KEPT_FOR, LONGEST
from shop.stock import Line
from shop.tasks import end_due_reservations, forget_reservations
from tests.factories import person, product

pytestmark = pytest.mark.django_db
KEY = UUID("6f1e1c9e-0000-4000-8000-000000000001")
HOUR = timedelta(hours=1)
State = Reservation.State
Hold = Callable[..., Reservation]


@pytest.fixture
def dave(db: None) -> User:
    return person("dave", role="warehouse")


@pytest.fixture
def desk(db: None) -> Product:
    return product(stocked=5)


@pytest.fixture
def hold(dave: User, desk: Product) -> Hold:
    """Dave reserves three desks for an hour, unless told otherwise."""
    usual: dict[str, Any] = {"key": KEY, "lines": [Line(desk.pk, 3)], "lasts": HOUR}
    return lambda **changes: reservations.reserve(dave, **(usual | changes))


def available(thing: Product) -> int:
    return Stock.objects.get(product=thing).available


@pytest.mark.roadmap("commerce/inventory")
def test_reserved_units_cannot_be_bought_and_the_books_know_whose_they_are(hold: Hold, desk: Product) -> None:
    held = hold()

    assert (held.state, available(desk)) == (State.HELD, 2)
    assert [(line.product_id, line.quantity) for line in held.lines.all()] == [(desk.pk, 3)]
    assert check_books(at_rest=False) == []


@pytest.mark.breaks_the_books
def test_units_that_no_reservation_remembers_are_found_by_the_auditor(hold: Hold) -> None:
    hold()

    ReservationLine.objects.all().delete()

    assert [finding.promise[:3] for finding in check_books(at_rest=False)] == ["I2 "]


@pytest.mark.roadmap("api/idempotency")
def test_same_key_again_is_the_same_reservation_and_moves_nothing(hold: Hold, desk: Product) -> None:
    first = hold()

    again = hold(lasts=2 * HOUR)

    assert (again.pk, again.expires_at, available(desk)) == (first.pk, first.expires_at, 2)


def test_key_of_other_units_is_refused_and_the_first_stands(hold: Hold, desk: Product) -> None:
    hold()

    with pytest.raises(ReservationDiffers):
        hold(lines=[Line(desk.pk, 1)])

    assert available(desk) == 2


def test_key_of_somebody_else_is_nobodys(hold: Hold, desk: Product) -> None:
    other = person("erin", role="warehouse")
    hold()

    with pytest.raises(UnknownReservation):
        reservations.release(other, key=KEY)
    reservations.reserve(other, key=KEY, lines=[Line(desk.pk, 1)], lasts=HOUR)

    assert Reservation.objects.filter(key=KEY).count() == 2


def test_more_than_is_left_leaves_no_row_and_the_key_may_be_used_again(hold: Hold, desk: Product) -> None:
    lamp = product(stocked=1)

    with pytest.raises(OutOfStock):
        hold(lines=[Line(desk.pk, 1), Line(lamp.pk, 2)])

    assert not Reservation.objects.exists()
    assert (hold().state, available(desk)) == (State.HELD, 2)


def test_two_lines_of_one_product_add_up(hold: Hold, desk: Product) -> None:
    held = hold(lines=[Line(desk.pk, 1), Line(desk.pk, 2)])

    assert [line.quantity for line in held.lines.all()] == [3]
    assert hold(lines=[Line(desk.pk, 3)]).pk == held.pk


def test_release_gives_the_units_back_once(hold: Hold, dave: User, desk: Product) -> None:
    hold()

    ended = [reservations.release(dave, key=KEY).ended_at for _ in range(2)]

    assert (available(desk), ended[0]) == (5, ended[1])
    assert hold().state == State.RELEASED  # a late repetition of the first request takes nothing
    assert available(desk) == 5


def test_clock_ends_what_is_due_and_nothing_else(hold: Hold, dave: User, desk: Product) -> None:
    now = timezone.now()
    hold(now=now)
    hold(key=uuid4(), lines=[Line(desk.pk, 1)], lasts=2 * HOUR, now=now)

    early, due, again = (reservations.end_due(now=now + moment) for moment in (HOUR / 2, HOUR, HOUR))

    assert (early, due, again, available(desk)) == (0, 1, 0, 4)
    assert reservations.release(dave, key=KEY).state == State.EXPIRED
    assert available(desk) == 4


def test_worker_ends_what_is_due_and_forgets_what_ended_long_ago(hold: Hold, desk: Product) -> None:
    hold(now=timezone.now() - KEPT_FOR - 2 * HOUR)

    end_due_reservations()
    Reservation.objects.update(ended_at=timezone.now() - KEPT_FOR - HOUR)
    hold(key=uuid4())
    forget_reservations()

    assert [reservation.state for reservation in Reservation.objects.all()] == [State.HELD]
    assert available(desk) == 2


@pytest.mark.breaks_the_books
def test_reservation_that_outlives_its_time_is_found_by_the_auditor(hold: Hold) -> None:
    hold(now=timezone.now() - HOUR - timedelta(minutes=1))

    assert [finding.promise[:3] for finding in check_books(at_rest=False)] == ["I9 "]
    reservations.end_due()
    assert check_books(at_rest=False) == []


@pytest.mark.parametrize(
    "changes",
    [{"lines": []}, {"lines": [Line(1, 0)]}, {"lasts": timedelta(0)}, {"lasts": LONGEST + timedelta(seconds=1)}],
    ids=["no line", "no units", "no time", "too long"],
)
def test_what_is_no_reservation_is_refused(hold: Hold, changes: dict[str, Any]) -> None:
    with pytest.raises(BadReservation):
        hold(**changes)


def test_count_cannot_go_below_what_a_warehouse_holds(hold: Hold, desk: Product) -> None:
    hold()

    with pytest.raises(CountBelowReserved):
        stock.correct(product_id=desk.pk, on_hand=2, reference="count")


def test_owner_of_a_reservation_cannot_be_deleted(hold: Hold, dave: User) -> None:
    hold()

    with pytest.raises(ProtectedError):
        dave.delete()


@pytest.mark.parametrize("units", [1, 20])
def test_reservation_of_any_size_costs_six_statements_and_holds_stock_for_one_commit(dave: User, units: int) -> None:
    lines = [Line(product(stocked=1).pk, 1) for _ in range(units)]

    with CaptureQueriesContext(connection) as captured:
        reservations.reserve(dave, key=KEY, lines=lines, lasts=HOUR)

    said = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert said == ["INSERT", "INSERT", "WITH", "SELECT", "SELECT", "SELECT"]


class PowerCut(BaseException):
    """Nothing in the shop catches it, as nothing would catch SIGKILL."""


class Cut:
    """Lets so many statements pass, and cuts the power before or after the next."""

    def __init__(self, place: int, *, is_done: bool) -> None:
        self.left, self.is_done = place, is_done

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.left -= 1
        if self.left >= 0:
            return execute(*statement)
        if self.is_done:
            execute(*statement)
        raise PowerCut


@pytest.mark.django_db(transaction=True)
@pytest.mark.roadmap("databases/acid")
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("place", range(6))
def test_process_that_dies_at_any_statement_leaves_row_and_units_or_neither(
    hold: Hold, dave: User, desk: Product, place: int, is_done: bool
) -> None:
    with pytest.raises(PowerCut), connection.execute_wrapper(Cut(place, is_done=is_done)):
        hold()
    assert check_books(at_rest=False) == []
    assert (hold().state, available(desk)) == (State.HELD, 2)

    with pytest.raises(PowerCut), connection.execute_wrapper(Cut(place, is_done=is_done)):
        reservations.release(dave, key=KEY)
    assert check_books(at_rest=False) == []
    assert (reservations.release(dave, key=KEY).state, available(desk)) == (State.RELEASED, 5)


@pytest.mark.roadmap("databases/schema-design")
@pytest.mark.parametrize("statement", ["SET state = 'released'", "SET state = 'lost'", "SET ended_at = now()"])
def test_database_refuses_an_end_without_a_time(hold: Hold, statement: str) -> None:
    hold()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE shop_reservation {statement}")
