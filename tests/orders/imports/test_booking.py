"""Lists of deliveries: each row is booked once or refused with its problem, wherever the worker is killed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from orders import outbox, tasks
from orders.imports import booking
from orders.models import OutboxMessage, StockImport, StockImportRow
from shop import stock
from shop.errors import ShelfIsFull, UnknownProduct
from shop.models import Product, StockEntry
from tests.factories import product

MOST_ON_HAND = 2_147_483_647
TakeIn = Callable[..., StockImport]
pytestmark = pytest.mark.roadmap("messaging/background-workers")


@pytest.fixture
def desk(db: None) -> Product:
    return product(sku="DESK", stocked=10)


def stands(job: StockImport) -> tuple[str, int, int]:
    job.refresh_from_db()
    return job.status, job.booked, job.refused


def on_hand(wanted: Product) -> int:
    wanted.stock.refresh_from_db()
    return wanted.stock.on_hand


def entries(job: StockImport) -> list[tuple[str, int, str]]:
    """What the ledger has of it."""
    found = StockEntry.objects.filter(source=job.pk).order_by("id")
    return list(found.values_list("product__sku", "quantity", "reference"))


def test_each_row_is_a_line_in_the_ledger_and_its_units_are_on_the_shelf(desk: Product, take_in: TakeIn) -> None:
    lamp = product(sku="LAMP", stocked=0)
    job = take_in(("DESK", 5), ("LAMP", 2), ("DESK", 1), reference="note 7")
    assert (stands(job), on_hand(desk)) == (("waiting", 0, 0), 10)

    booking.work(job.pk)

    assert stands(job) == ("done", 3, 0)
    assert sorted(entries(job)) == [("DESK", 1, "note 7"), ("DESK", 5, "note 7"), ("LAMP", 2, "note 7")]
    assert (on_hand(desk), on_hand(Product.objects.get(pk=lamp.pk))) == (16, 2)
    assert job.finished_at
    assert not job.rows.exists()


def test_row_without_a_note_is_booked_under_the_import(desk: Product, take_in: TakeIn) -> None:
    job = take_in(("DESK", 5))

    booking.work(job.pk)

    assert entries(job) == [("DESK", 5, f"import {job.pk}")]


def test_row_that_cannot_be_booked_is_refused_and_the_others_are_booked(desk: Product, take_in: TakeIn) -> None:
    crowded = product(sku="PIN", stocked=MOST_ON_HAND - 5)
    job = take_in(("SOFA", 1), ("DESK", 5), ("PIN", 3), ("PIN", 3), ("DESK", 2))

    booking.work(job.pk)

    assert (stands(job), on_hand(desk), on_hand(crowded)) == (("done", 2, 3), 17, MOST_ON_HAND - 5)
    refused = [(row.number, row.sku, type(row.problem)) for row in job.rows.order_by("number")]
    assert refused == [(0, "SOFA", UnknownProduct), (2, "PIN", ShelfIsFull), (3, "PIN", ShelfIsFull)]


def test_shelf_counts_to_the_last_unit_that_it_can(desk: Product, take_in: TakeIn) -> None:
    crowded = product(sku="PIN", stocked=MOST_ON_HAND - 5)
    job = take_in(("PIN", 5))

    booking.work(job.pk)

    assert (stands(job), on_hand(crowded)) == (("done", 1, 0), MOST_ON_HAND)


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries", "databases/acid")
def test_worker_killed_in_the_middle_of_a_batch_loses_nothing_and_books_nothing_twice(
    desk: Product, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = take_in(*[("DESK", 1)] * 5)
    receive_all = stock.receive_all

    def die_with_the_third_row(deliveries: Any, **source: Any) -> set[int]:
        full = receive_all(deliveries, **source)
        if StockEntry.objects.filter(source=job.pk).count() > 2:
            raise KeyboardInterrupt  # nothing that the code could catch
        return full

    monkeypatch.setattr(booking, "BATCH", 2)
    with monkeypatch.context() as killing:
        killing.setattr(stock, "receive_all", die_with_the_third_row)
        with pytest.raises(KeyboardInterrupt):
            booking.work(job.pk)
    assert (stands(job), len(entries(job)), on_hand(desk)) == (("running", 2, 0), 2, 12)

    booking.work(job.pk)

    assert (stands(job), len(entries(job)), on_hand(desk)) == (("done", 5, 0), 5, 15)


def message() -> OutboxMessage:
    return OutboxMessage.objects.waiting().get(topic="stock.import")


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_message_that_comes_twice_books_once(desk: Product, take_in: TakeIn) -> None:
    job = take_in(("DESK", 5))
    sent = str(message().pk)

    for _ in range(2):
        tasks.book_deliveries.apply([sent], throw=True)
        booking.work(job.pk)  # as if the broker had two of them

    assert (stands(job), on_hand(desk)) == (("done", 1, 0), 15)


def test_long_job_makes_room_for_others_and_goes_on_later(
    desk: Product, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "BATCH", 2)
    job = take_in(*[("DESK", 1)] * 5)
    OutboxMessage.objects.all().delete()
    clock = iter(range(100))

    booking.work(job.pk, seconds=2, clock=lambda: next(clock))

    assert stands(job) == ("running", 4, 0)
    tasks.book_deliveries.apply([str(message().pk)], throw=True)
    assert stands(job) == ("done", 5, 0)


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_job_that_is_given_up_says_so_and_a_replay_goes_on_from_there(
    desk: Product, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = take_in(("DESK", 5))
    dying = message()
    OutboxMessage.objects.update(attempts=outbox.MOST_ATTEMPTS - 1)
    with monkeypatch.context() as broken:
        broken.setattr(booking, "_book", lambda *_: 1 / 0)
        tasks.book_deliveries.apply([str(dying.pk)], throw=True)
    assert (stands(job), OutboxMessage.objects.dead().count()) == (("failed", 0, 0), 1)

    outbox.replay([dying.pk])
    tasks.book_deliveries.apply([str(dying.pk)], throw=True)

    assert (stands(job), on_hand(desk)) == (("done", 1, 0), 15)


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("count", [1, 100])
def test_batch_of_any_size_is_six_statements(take_in: TakeIn, count: int) -> None:
    wanted = [product(stocked=0) for _ in range(min(count, 7))]
    job = take_in(*[(wanted[number % len(wanted)].sku, 1) for number in range(count)])

    with CaptureQueriesContext(connection) as captured:
        assert booking.book_batch(job.pk)

    said = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(said) == 6, said
    assert "FOR NO KEY UPDATE" in said[0]
    assert ["shop_stock" in sql for sql in said] == [False] * 4 + [True] * 2, "the shelves come last"


@pytest.mark.breaks_the_books
def test_row_is_not_counted_twice_whatever_the_code_does(desk: Product, take_in: TakeIn) -> None:
    """The wall behind the lock: PostgreSQL refuses a job that has booked more than it has."""
    job = take_in(("DESK", 5))
    booking.work(job.pk)

    with pytest.raises(Exception, match="import_books_no_row_twice"):
        StockImport.objects.update(booked=F("booked") + 1)


def test_job_that_is_gone_is_no_trouble(dave: User) -> None:
    booking.work(StockImport(row_count=1).pk)

    assert not StockImportRow.objects.exists()
