"""Two workers with one list of deliveries, and a buyer at its shelves: each row is booked once, and none deadlock."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from accounts.models import User
from orders.idempotency import Answer
from orders.imports import booking
from orders.models import StockImport
from shop import stock
from shop.models import Product, StockEntry
from tests.factories import cart_of, person, product
from tests.fakes import FakeGateway
from tests.races import walls
from tests.races.counter import press
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def taken_in(*wanted: Product) -> UUID:
    dave = person("dave", role="warehouse")
    return booking.accept(dave, [{"sku": one.sku, "quantity": 5} for one in wanted]).pk


def two_workers(desk: Product) -> tuple[list[Any], int]:
    """Both have the message; the first is stopped at the shelf, the second wherever it then has to wait."""
    job = taken_in(desk)
    outcomes = queued([desk.stock], *[partial(booking.work, job)] * 2)
    return outcomes, StockEntry.objects.filter(source=job).count()


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries", "databases/acid")
def test_two_workers_take_turns(transactional_db: None) -> None:
    desk = product(stocked=10)

    assert two_workers(desk) == ([None, None], 1)

    desk.stock.refresh_from_db()
    assert (desk.stock.on_hand, StockImport.objects.get().status) == (15, "done")


@pytest.mark.breaks_the_books
def test_without_the_lock_they_book_twice(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_row_locks(monkeypatch)
    desk = product(stocked=10)

    _, booked = two_workers(desk)

    assert booked == 2


@pytest.fixture
def contest(alice: User, gateway: FakeGateway) -> Callable[[], list[Any]]:
    """Both want three products, the list the other way round; each is stopped at the middle one."""
    first, middle, last = (product() for _ in range(3))
    cart_of(alice, (first, 1), (middle, 1), (last, 1))
    job = taken_in(last, middle, first)
    return lambda: queued([middle.stock], partial(press, alice, gateway), partial(booking.work, job))


@pytest.mark.roadmap("commerce/inventory", "databases/acid")
def test_purchase_and_import_of_the_same_products_wait_for_each_other(contest: Callable[[], list[Any]]) -> None:
    bought, imported = contest()

    assert (isinstance(bought, Answer), imported) == (True, None)
    assert StockImport.objects.get().status == "done"


class OpenShelf:
    """Stands for a shelf that is not opened: to open one waits for whoever moves it, which would keep an order, too."""

    objects = SimpleNamespace(bulk_create=lambda *_, **__: None)

    def __init__(self, **_: Any) -> None: ...


@pytest.mark.breaks_the_books
def test_without_an_order_of_locks_they_deadlock(
    contest: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = "ORDER BY stock.product_id"
    assert ordered in stock.RECEIVE
    monkeypatch.setattr(stock, "RECEIVE", stock.RECEIVE.replace(ordered, f"{ordered} DESC"))
    monkeypatch.setattr(stock, "Stock", OpenShelf)

    [crash] = [end for end in contest() if isinstance(end, Exception)]

    assert isinstance(crash, OperationalError)
    assert isinstance(crash.__cause__, DeadlockDetected)
