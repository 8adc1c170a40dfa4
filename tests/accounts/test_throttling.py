"""Token buckets in Redis: bursts, refills, many processes at once, and a Redis that is away."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings as given

from accounts import throttling
from accounts.errors import TooManyRequests
from accounts.throttling import Caller
from accounts.throttling.buckets import PATIENCE, REST, Buckets, Wanted
from accounts.throttling.table import TABLE, Limit, chosen
from deploy.embedded.ports import free_port

pytestmark = pytest.mark.roadmap("api/rate-limiting")
#: A database of their own: other tests empty that of the cache.
APART = given.REDIS_URL.rsplit("/", 1)[0] + "/7"
SLOW = Limit(5, 3600)  # five at once, and nothing worth waiting for comes back while a test runs


@pytest.fixture
def buckets() -> Buckets:
    return Buckets(APART)


@pytest.fixture
def anybody(settings: Any) -> Caller:
    settings.REDIS_URL = APART
    return Caller("person", uuid4().hex)


def waits(buckets: Buckets, owner: str, limit: Limit, times: int, *, tokens: int = 1) -> list[int]:
    return [buckets.take(owner, {"thing": Wanted(limit, tokens)})[0] for _ in range(times)]


def test_burst_of_a_whole_bucket_passes_and_the_next_one_waits_for_one_token(buckets: Buckets) -> None:
    answers = waits(buckets, uuid4().hex, SLOW, 7)

    assert answers[:5] == [0] * 5
    assert all(700 < wait <= 720 for wait in answers[5:]), "an hour for five is 720 seconds for one"


def test_bucket_fills_while_time_passes_and_never_above_its_brim(buckets: Buckets) -> None:
    limit, owner = Limit(10, 1), uuid4().hex  # one each tenth of a second
    assert waits(buckets, owner, limit, 10).count(0) == 10

    sleep(0.25)
    passed = waits(buckets, owner, limit, 8).count(0)
    sleep(1.5)
    brim = buckets.take(owner, {"thing": Wanted(limit, 10)})

    assert 2 <= passed <= 6, "two or three came back, and some more if the machine is slow"
    assert brim[0] == 0
    assert buckets.take(owner, {"thing": Wanted(limit, 10)})[0] == 1


def test_answer_says_what_is_left_and_when_all_is_back(buckets: Buckets) -> None:
    _wait, [quota] = buckets.take(uuid4().hex, {"thing": Wanted(SLOW, 2)})

    assert (quota.left, quota.full_in) == (3, 1440)


def test_full_bucket_takes_no_room(buckets: Buckets) -> None:
    owner, limit = uuid4().hex, Limit(1000, 1)
    waits(buckets, owner, limit, 1)
    sleep(0.05)

    with redis.Redis.from_url(APART) as client:
        assert client.keys(f"throttle:{{{owner}}}*") == []


def test_several_buckets_are_taken_from_all_or_none(buckets: Buckets) -> None:
    owner, other = uuid4().hex, Limit(100, 3600)
    for _ in range(7):
        buckets.take(owner, {"thing": Wanted(SLOW, 1), "other": Wanted(other, 1)})

    _wait, [quota] = buckets.take(owner, {"other": Wanted(other, 1)})
    assert quota.left == 100 - 5 - 1, "the two that were refused took nothing"


TAKER = """
import sys
from accounts.throttling.buckets import Buckets, Wanted
from accounts.throttling.table import Limit
buckets = Buckets(sys.argv[1])
take = lambda: buckets.take(sys.argv[2], {"thing": Wanted(Limit(50, 3600), 1)})[0] == 0
take()
print("ready", flush=True)
sys.stdin.readline()
print(sum(take() for _ in range(100)))
"""


def test_two_processes_share_one_bucket() -> None:
    owner = uuid4().hex
    command = [sys.executable, "-c", TAKER, APART, owner]
    takers = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    assert [taker.stdout and taker.stdout.readline() for taker in takers] == ["ready\n"] * 2

    for taker in takers:
        assert taker.stdin
        taker.stdin.write("go\n")
        taker.stdin.flush()
    granted = [int(taker.communicate(timeout=20)[0]) for taker in takers]

    assert sum(granted) == 50 - 2, "each took one before"
    assert all(granted), "both were served"


def at_once(take: Callable[[], bool], times: int) -> int:
    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(lambda _: take(), range(times)))


def test_of_many_at_once_exactly_as_many_pass_as_there_are_tokens(buckets: Buckets) -> None:
    owner = uuid4().hex

    assert at_once(lambda: waits(buckets, owner, SLOW, 1) == [0], 80) == 5


def test_who_looks_first_and_takes_later_lets_more_pass() -> None:
    """The negative control: the same bucket without the script."""
    with redis.Redis.from_url(APART) as client:
        key = f"throttle:control:{uuid4().hex}"

        def take() -> bool:
            taken = int(client.get(key) or 0)  # type: ignore[arg-type] # a client that does not wait would promise it
            sleep(0.002)  # between two round trips others have their turn
            client.set(key, taken + 1, px=60_000)
            return taken < 5

        assert at_once(take, 80) > 5


def test_cost_above_the_whole_bucket_is_the_whole_bucket(anybody: Caller, settings: Any) -> None:
    settings.RATE_LIMITS = TABLE | {"graphql": SLOW}

    assert throttling.take(anybody, {"graphql": 5000})[0].left == 0
    with pytest.raises(TooManyRequests) as refusal:
        throttling.take(anybody, {"graphql": 1, "person": 1})
    assert refusal.value.policies == ["graphql"]


def test_program_shares_one_bucket_and_has_dear_ones_for_each_person(settings: Any) -> None:
    settings.REDIS_URL, settings.RATE_LIMITS = APART, TABLE | {"program": Limit(4, 3600), "search": Limit(1, 3600)}
    client_id = uuid4().hex
    for_alice, for_bob = (Caller("program", client_id, name) for name in ("alice", "bob"))
    throttling.take(for_alice, {"program": 1, "search": 1})
    with pytest.raises(TooManyRequests) as dear:
        throttling.take(for_alice, {"program": 1, "search": 1})

    quotas = throttling.take(for_bob, {"program": 1, "search": 1})

    assert dear.value.policies == ["search"]
    assert [(quota.name, quota.left) for quota in quotas] == [("program", 2), ("search", 0)]


@pytest.fixture
def silent() -> Iterator[str]:
    """Somebody who takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_redis_that_is_away_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    buckets = Buckets(f"redis://127.0.0.1:{free_port()}/0")

    assert [buckets.take("anybody", {"thing": Wanted(Limit(1, 60), 1)}) for _ in range(20)] == [(0, [])] * 20
    assert caplog.text.count("nobody is throttled") == 1


def test_redis_that_hangs_is_waited_for_once_and_asked_again_after_a_rest(silent: str) -> None:
    now = [0.0]
    buckets, began = Buckets(silent, clock=lambda: now[0]), monotonic()

    for _ in range(20):
        assert buckets.take("anybody", {"thing": Wanted(SLOW, 1)}) == (0, [])
    waited = monotonic() - began
    now[0] += REST
    began = monotonic()
    buckets.take("anybody", {"thing": Wanted(SLOW, 1)})

    assert PATIENCE <= waited < 5 * PATIENCE
    assert monotonic() - began >= PATIENCE, "it was asked again"


def test_wishes_go_before_the_table() -> None:
    limits = chosen("search=30/60 *=7/1")

    assert limits["search"] == Limit(30, 60)
    assert limits["checkout"] == limits["address"] == Limit(7, 1)
    assert chosen("") == TABLE


@pytest.mark.parametrize("wish", ["search", "search=0/60", "search=1/0", "login=5/60", "search=5", "search=-1/60"])
def test_wish_that_cannot_be_read_is_named(wish: str) -> None:
    with pytest.raises(ValueError, match="RATE_LIMITS"):
        chosen(wish)
