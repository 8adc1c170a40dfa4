"""What a process keeps: bounded, and given unasked for a second."""

import sys
import threading

import pytest

from shop.cache.entries import LEAST, Entry, Made, kept, read, written
from shop.cache.memory import Memory
from tests.shop.cache.conftest import Clock


def entry(body: bytes = b"x", names: tuple[str, ...] = ("a",)) -> Entry:
    return kept(Made(200, body, {"ETag": '"t"'}, names), ("1",) * len(names), 2e9, 2e9)


@pytest.mark.roadmap("caching/application-level-cache")
def test_what_was_not_asked_for_the_longest_goes_first(clock: Clock) -> None:
    memory = Memory(most=3 * entry().size, clock=clock, wall=clock)
    for key in ("one", "two", "three"):
        memory.put(key, entry(), clock())
    memory.fresh("one", 1.0)

    memory.put("four", entry(), clock())

    assert [key for key in ("one", "two", "three", "four") if memory.known(key)] == ["one", "three", "four"]


@pytest.mark.roadmap("caching/application-level-cache")
def test_it_is_given_unasked_for_so_long(clock: Clock) -> None:
    memory = Memory(clock=clock, wall=clock)
    memory.put("key", entry(), clock())

    clock.now += 0.9
    assert memory.fresh("key", 1.0)
    clock.now += 0.1
    assert memory.fresh("key", 1.0) is None
    assert memory.known("key")


def test_change_of_its_own_is_seen_at_once(clock: Clock) -> None:
    memory = Memory(clock=clock, wall=clock)
    memory.put("key", entry(names=("a", "b")), clock())
    memory.put("other", entry(names=("c",)), clock())

    memory.changed(["b"])

    assert memory.fresh("key", 1.0) is None
    assert memory.fresh("other", 1.0)


@pytest.mark.roadmap("caching/application-level-cache")
def test_threads_leave_it_as_full_as_it_may_be() -> None:
    most = 20 * entry().size
    memory = Memory(most=most)
    sys.setswitchinterval(1e-6)

    def write(name: int) -> None:
        for number in range(300):
            memory.put(f"{name}-{number}", entry(), 1.0)
            memory.fresh(f"{name}-{number - 5}", 1.0)

    threads = [threading.Thread(target=write, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(0.005)

    assert memory._size == sum(held.entry.size for held in memory._held.values()) == most


@pytest.mark.roadmap("caching/redis-cache")
@pytest.mark.parametrize("length", [0, LEAST - 1, LEAST, 50 * LEAST])
def test_entry_survives_the_way_through_redis(length: int) -> None:
    sent = entry(b'{"price": 1}\n' * length, names=("a", "b"))

    assert read(written(sent)) == sent
    assert len(written(sent)) < max(len(sent.body), LEAST) + 200


def test_large_answers_travel_compressed() -> None:
    sent = entry(b'{"price": "149.00", "currency": "EUR"}' * 200)

    assert len(written(sent)) < len(sent.body) / 10
