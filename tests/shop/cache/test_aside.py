"""Answers are found, made and kept: nothing old is kept for longer than it may be, whoever reads and writes when."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction

from shop.cache import versions
from shop.cache.aside import Aside, Found, Seen
from shop.cache.entries import FORM, Made
from shop.cache.kinds import JITTER, KINDS, UNKNOWN, lives
from tests.shop.cache.conftest import Clock, Shelf

Process = Callable[[], Aside]


def shown(found: Found | None) -> tuple[str, str]:
    assert found
    return found.entry.body.decode(), found.result


@pytest.mark.roadmap("caching/cache-aside", "caching/redis-cache")
def test_first_reader_has_it_made_and_the_next_find_it_nearer(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    one, other = process(), process()

    answers = [shown(reader.answer(kind, key, shelf.ask)) for reader in (one, one, other, other)]

    assert answers == [("149.00", "made"), ("149.00", "memory"), ("149.00", "redis"), ("149.00", "memory")]
    assert shelf.asked == 1


@pytest.mark.roadmap("caching/version-based-invalidation")
def test_one_move_makes_every_page_of_the_list_void_and_leaves_their_keys_to_age(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    pages = [f"{key}-{number}" for number in range(3)]
    for page in pages:
        process().answer(kind, page, shelf.ask)

    shelf.price = "99.00"
    versions.move([shelf.name])

    assert len(versions.store().get_many(pages, version=FORM)) == 3
    assert [shown(process().answer(kind, page, shelf.ask)) for page in pages] == [("99.00", "made")] * 3


@pytest.mark.roadmap("caching/version-based-invalidation")
def test_deploy_that_keeps_something_else_reads_nothing_of_before(
    process: Process, kind: str, key: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    process().answer(kind, key, shelf.ask)

    for module in ("aside", "versions"):
        monkeypatch.setattr(f"shop.cache.{module}.FORM", FORM + 1)

    assert shown(process().answer(kind, key, shelf.ask)) == ("149.00", "made")


def changes_while(shelf: Shelf) -> Callable[[], Made]:
    """A reader whose row is changed, and the change announced, between its reading and its keeping."""

    def ask() -> Made:
        old = shelf.ask()
        shelf.price = "99.00"
        versions.move([shelf.name])
        return old

    return ask


@pytest.mark.roadmap("caching/cache-aside")
def test_reader_that_is_overtaken_by_a_writer_keeps_nothing_old(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    process().answer(kind, key, changes_while(shelf))

    assert shown(process().answer(kind, key, shelf.ask)) == ("99.00", "made")


class Hasty(Aside):
    """Reads the versions when the rows are read, which is when they are needed; the negative control."""

    def _make(self, kind: str, key: str, make: Any, seen: Seen) -> Any:
        made = make()
        return super()._make(kind, key, lambda: made, self._look(kind, key))


def test_reader_that_read_the_versions_last_would_keep_the_old_price(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    Hasty(1.0).answer(kind, key, changes_while(shelf))

    assert shown(process().answer(kind, key, shelf.ask)) == ("149.00", "redis")


@pytest.mark.roadmap("caching/cache-coherence")
def test_two_processes_disagree_for_a_second_and_no_longer(
    process: Process, kind: str, key: str, shelf: Shelf, clock: Clock
) -> None:
    writer, reader = process(), process()
    for one in (writer, reader):
        one.answer(kind, key, shelf.ask)
    shelf.price = "99.00"
    versions.move([shelf.name])
    writer.memory.changed([shelf.name])  # as `shop.cache.changes` does

    clock.now += 0.999
    during = [shown(one.answer(kind, key, shelf.ask))[0] for one in (writer, reader)]
    clock.now += 0.001
    after = [shown(one.answer(kind, key, shelf.ask))[0] for one in (writer, reader)]

    assert (during, after) == (["99.00", "149.00"], ["99.00", "99.00"])


@pytest.mark.roadmap("caching/ttl")
def test_answer_ends_by_itself_when_nobody_announces_the_change(
    process: Process, kind: str, key: str, shelf: Shelf, clock: Clock
) -> None:
    process().answer(kind, key, shelf.ask)
    shelf.price = "99.00"  # in psql

    clock.now += 15.9
    before = shown(process().answer(kind, key, shelf.ask))
    clock.now += 4.1

    assert before == ("149.00", "redis")
    assert shown(process().answer(kind, key, shelf.ask)) == ("99.00", "made")


@pytest.mark.roadmap("caching/ttl", "caching/cache-stampede")
def test_while_one_process_renews_it_the_others_give_the_old_answer_once_more(
    process: Process, kind: str, key: str, shelf: Shelf, clock: Clock
) -> None:
    process().answer(kind, key, shelf.ask)
    clock.now += 21
    others: list[tuple[str, str]] = []

    def slowly() -> Made:
        others.append(shown(process().answer(kind, key, shelf.ask)))
        return shelf.ask()

    renewed = shown(process().answer(kind, key, slowly))

    assert (others, renewed) == ([("149.00", "stale")], ("149.00", "made"))
    assert shelf.asked == 2


def test_what_is_void_is_given_to_nobody_while_it_is_made_anew(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    process().answer(kind, key, shelf.ask)
    shelf.price = "99.00"
    versions.move([shelf.name])
    others: list[tuple[str, str]] = []

    def slowly() -> Made:
        others.append(shown(process().answer(kind, key, shelf.ask)))
        return shelf.ask()

    process().answer(kind, key, slowly)

    assert others == [("99.00", "made")]  # it waited for a moment, and helped itself


@pytest.mark.roadmap("caching/ttl")
def test_every_kind_ends_within_its_bound_and_not_all_at_once() -> None:
    for kind, (fresh, stale, _names) in KINDS.items():
        latest, earliest = (lives(kind, is_known=True, luck=lambda luck=luck: luck) for luck in (0.0, 1.0))
        assert latest == (fresh, fresh + stale)
        assert earliest[0] == pytest.approx(fresh * (1 - JITTER))
    assert lives("product", is_known=False, luck=lambda: 0.0) == (UNKNOWN, UNKNOWN)


def crowd(count: int, ask: Callable[[], Any]) -> list[Any]:
    """All begin at the same moment."""
    gate = threading.Barrier(count)
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(lambda: (gate.wait(), ask())[1]) for _ in range(count)]]


def slow(shelf: Shelf) -> Callable[[], Made]:
    def ask() -> Made:
        made = shelf.ask()
        time.sleep(0.2)
        return made

    return ask


@pytest.mark.roadmap("caching/cache-stampede")
def test_fifty_threads_that_want_the_same_ask_the_database_once(kind: str, key: str, shelf: Shelf) -> None:
    one = Aside(1.0)

    answers = crowd(50, lambda: one.answer(kind, key, slow(shelf)))

    assert {found.entry.body for found in answers} == {b"149.00"}
    assert shelf.asked == 1


@pytest.mark.roadmap("caching/cache-stampede")
def test_fifty_threads_without_protection_ask_it_fifty_times(kind: str, key: str, shelf: Shelf) -> None:
    one = Aside(1.0)

    crowd(50, lambda: one._make(kind, key, slow(shelf), Seen(None, {}, 0.0)))

    assert shelf.asked == 50


def test_failure_is_kept_from_nobody_and_kept_for_nobody(process: Process, kind: str, key: str, shelf: Shelf) -> None:
    one = process()

    with pytest.raises(ZeroDivisionError):
        one.answer(kind, key, lambda: 1 / 0)  # type: ignore[arg-type, return-value]

    assert shown(one.answer(kind, key, shelf.ask)) == ("149.00", "made")


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_looked_up_or_kept(process: Process, kind: str, key: str, shelf: Shelf) -> None:
    one = process()

    with transaction.atomic():
        assert one.answer(kind, key, shelf.ask) is None

    assert shelf.asked == 0


def test_what_depends_on_something_that_was_not_known_is_kept_from_the_second_time_on(
    process: Process, kind: str, key: str, shelf: Shelf
) -> None:
    one, page = process(), Shelf("page-of-its-own")

    answers = [shown(one.answer(kind, key, page.ask)) for _ in range(3)]

    assert answers == [("149.00", "made"), ("149.00", "made"), ("149.00", "memory")]
