"""Watching: nothing is missed, a slow watcher costs nothing, and purchases pay only while somebody looks."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.models import F

from shop import stock
from shop.errors import NotWatching, TooManyWatchers
from shop.models import Product, Stock
from shop.models.catalogue import SEAT_COUNT, SEATS
from shop.watch import Lookout, Watcher
from tests.factories import product
from tests.races.rivals import Rival, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.roadmap("api/grpc-server-streaming", "databases/postgresql"),
]
SOON, NOT_YET = 10, 0.2
#: In this database: other tests that run at the same time have one of their own in the same server.
TAKEN = """
SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database
WHERE locktype = 'advisory' AND classid = %s AND granted AND datname = current_database()
"""
LOOKOUTS = "FROM pg_stat_activity WHERE application_name = 'shop lookout' AND datname = current_database()"


@pytest.fixture
def lookout() -> Iterator[Lookout]:
    made = Lookout(most=2)
    yield made
    made.close()


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(stocked=5)


def receive(thing: Product, units: int = 1) -> None:
    with transaction.atomic():
        stock.receive(product_id=thing.pk, quantity=units, reference="test")


def ask(statement: str, *parameters: int) -> int:
    with connection.cursor() as cursor:
        return cursor.execute(statement, parameters).fetchone()[0]


def test_first_everything_then_what_changes_and_nothing_else(lookout: Lookout, desk: Product) -> None:
    lamp, chair = product(), product()

    with lookout.watching([desk.pk, lamp.pk]) as watcher:
        first = watcher.wait(SOON)
        receive(chair)
        receive(lamp)
        change, nothing = watcher.wait(SOON), watcher.wait(NOT_YET)

    assert (first, change, nothing) == ({desk.pk, lamp.pk}, {lamp.pk}, set())


def test_what_was_rolled_back_rings_for_nobody(lookout: Lookout, desk: Product) -> None:
    with lookout.watching([desk.pk]) as watcher:
        watcher.wait(SOON)
        with transaction.atomic():
            stock.receive(product_id=desk.pk, quantity=1, reference="test")
            transaction.set_rollback(True)

        assert watcher.wait(NOT_YET) == set()


def test_slow_watcher_keeps_no_more_than_what_it_watches(desk: Product) -> None:
    watcher = Watcher([desk.pk])

    for _ in range(1000):
        watcher.ring([desk.pk, desk.pk + 1])

    assert watcher.wait(0) == {desk.pk}
    assert watcher.wait(0) == set()


def test_change_of_very_many_products_rings_once_for_all(lookout: Lookout, desk: Product) -> None:
    for _ in range(200):
        product()

    with lookout.watching([desk.pk]) as watcher:
        watcher.wait(SOON)
        Stock.objects.update(on_hand=F("on_hand"))

        assert watcher.wait(SOON) == {desk.pk}


def writer_in_the_middle(desk: Product, lookout: Lookout) -> tuple[set[int], int]:
    """A writer has moved stock and not committed when the watching begins; what the first look then sees of it."""
    moved, commit = threading.Event(), threading.Event()

    @transaction.atomic
    def write() -> None:
        stock.receive(product_id=desk.pk, quantity=2, reference="test")
        moved.set()
        commit.wait(SOON)

    rival = Rival(write)
    rival.start()
    moved.wait(SOON)
    with lookout.watching([desk.pk]) as watcher:
        early = watcher.wait(NOT_YET)
        commit.set()
        assert rival.ended() is None
        seen = early or watcher.wait(SOON)
        on_hand = Stock.objects.get(product=desk).on_hand if not early else 5
        assert watcher.wait(NOT_YET) == set()
    return seen, on_hand


def test_nobody_reads_before_the_writers_who_could_not_ring_have_committed(lookout: Lookout, desk: Product) -> None:
    assert writer_in_the_middle(desk, lookout) == ({desk.pk}, 7)


def test_without_the_seat_a_change_is_missed(lookout: Lookout, desk: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.watch.SEATS", SEATS + 1)  # a lock that no writer asks for

    assert writer_in_the_middle(desk, lookout) == ({desk.pk}, 5)


def test_lookout_goes_home_when_nobody_watches_and_comes_back(lookout: Lookout, desk: Product) -> None:
    for _ in range(2):
        with lookout.watching([desk.pk]) as watcher:
            assert watcher.wait(SOON) == {desk.pk}
            assert ask(TAKEN, SEATS) == 1
        until(lambda: ask(TAKEN, SEATS) == 0, seconds=SOON)


def test_every_process_has_a_seat_of_its_own_until_all_are_taken(desk: Product) -> None:
    lookouts = [Lookout(most=1) for _ in range(SEAT_COUNT + 1)]
    watching = [lookout.watching([desk.pk]) for lookout in lookouts]
    try:
        watchers = [entered.__enter__() for entered in watching]
        until(lambda: ask(TAKEN, SEATS) == SEAT_COUNT, seconds=SOON)
        receive(desk)
        assert sum(bool(watcher.wait(NOT_YET)) for watcher in watchers) == SEAT_COUNT
    finally:
        for lookout in lookouts:
            lookout.close()


def test_lost_connection_is_opened_again_and_everything_looked_at_anew(lookout: Lookout, desk: Product) -> None:
    lamp = product()

    with lookout.watching([desk.pk, lamp.pk]) as watcher:
        watcher.wait(SOON)
        assert ask(f"SELECT count(*) {LOOKOUTS}") == 1
        ask(f"SELECT count(pg_terminate_backend(pid)) {LOOKOUTS}")

        assert watcher.wait(SOON) == {desk.pk, lamp.pk}


def test_more_than_can_be_served_are_refused(lookout: Lookout, desk: Product) -> None:
    two = lookout.watching([desk.pk]), lookout.watching([desk.pk])
    with two[0], two[1], pytest.raises(TooManyWatchers), lookout.watching([desk.pk]):
        pass
    with lookout.watching([desk.pk]):
        assert lookout.watchers == 1


def test_closing_sends_everybody_home_at_once(lookout: Lookout, desk: Product) -> None:
    with lookout.watching([desk.pk]) as watcher:
        watcher.wait(SOON)
        waiting = threading.Timer(NOT_YET, lookout.close)
        waiting.start()
        began = time.monotonic()
        assert (watcher.wait(60), watcher.is_over) == (set(), True)
        waiting.join()

    assert time.monotonic() - began < SOON
    with pytest.raises(NotWatching), lookout.watching([desk.pk]):
        pass
