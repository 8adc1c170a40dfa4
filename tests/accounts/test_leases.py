"""Tokens that a process takes in advance: never more than there are, never of what is dear, and little is lost."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.conf import settings as given

from accounts.throttling.buckets import Buckets, Quota, Wanted
from accounts.throttling.leases import CALLERS, LASTS, PART, Leases
from accounts.throttling.table import TABLE, Limit
from deploy.embedded.ports import free_port

pytestmark = pytest.mark.roadmap("api/rate-limiting")
#: A database of their own: other tests empty that of the cache.
APART = given.REDIS_URL.rsplit("/", 1)[0] + "/7"
#: Two thousand at once, of which none comes back while a test runs; counted as wide, with leases that last for it.
LARGE, HOUR = Limit(2_000, 360_000), 3_600.0


class Watched(Buckets):
    """Remembers what was taken in each round trip."""

    def __init__(self, redis_url: str = APART) -> None:
        super().__init__(redis_url)
        self.taken: list[int] = []

    def take(self, owner: str, wanted: Mapping[str, Wanted]) -> tuple[int, list[Quota]]:
        wait, quotas = super().take(owner, wanted)
        self.taken += [want.tokens + quota.spare for want, quota in zip(wanted.values(), quotas, strict=False)]
        return wait, quotas


class Clock:
    """Stands still until it is told otherwise."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def buckets() -> Watched:
    return Watched()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passed(leases: Leases | Buckets, owner: str, limit: Limit, times: int) -> int:
    return sum(leases.take(owner, {"thing": Wanted(limit, 1)})[0] == 0 for _ in range(times))


@pytest.mark.roadmap("performance/code-optimization")
def test_who_asks_much_asks_redis_seldom(buckets: Watched, clock: Clock) -> None:
    leases, owner = Leases(buckets, clock=clock), uuid4().hex

    assert passed(leases, owner, Limit(100_000, 60), 1_000) == 1_000

    assert buckets.taken[:9] == [1] * 8 + [2], "one by one, until an eighth of what was had is a whole one"
    assert len(buckets.taken) < 70
    assert max(buckets.taken) == 51
    assert sum(buckets.taken) >= 1_000, "each was taken before it was given out"


WIDE = {"address", "person", "program"}


@pytest.mark.parametrize("name", TABLE)
def test_only_wide_buckets_are_taken_from_in_advance(buckets: Watched, clock: Clock, name: str) -> None:
    passed(Leases(buckets, clock=clock), uuid4().hex, TABLE[name], 20)

    assert (max(buckets.taken) > 1) == (name in WIDE | {"graphql"})


def test_request_that_takes_from_several_takes_nothing_in_advance(buckets: Watched, clock: Clock) -> None:
    leases, owner, person = Leases(buckets, clock=clock), uuid4().hex, Wanted(TABLE["person"], 1)
    passed(leases, owner, TABLE["person"], 40)
    buckets.taken.clear()

    leases.take(owner, {"person": person, "checkout": Wanted(TABLE["checkout"], 1)})
    leases.take(owner, {"graphql": Wanted(TABLE["graphql"], 7)})

    assert buckets.taken == [1, 1, 7], "a cost of seven is one document of GraphQL"
    assert leases.take(owner, {}) == (0, []), "nor does what takes from none"


def test_who_pauses_is_trusted_no_more(buckets: Watched, clock: Clock) -> None:
    leases, owner = Leases(buckets, clock=clock), uuid4().hex
    for _ in range(40):
        passed(leases, owner, TABLE["address"], 1)
        clock.now += LASTS

    assert buckets.taken == [1] * 40


def test_who_stops_loses_an_eighth_at_most_and_finds_nothing_of_it_later(buckets: Watched, clock: Clock) -> None:
    leases, owner, had = Leases(buckets, clock=clock), uuid4().hex, 0
    while not buckets.taken or buckets.taken[-1] < 5:
        had += passed(leases, owner, TABLE["address"], 1)
    clock.now += LASTS

    assert 0 < sum(buckets.taken) - had <= had / PART
    before = len(buckets.taken)
    assert passed(leases, owner, TABLE["address"], 3) == 3
    assert buckets.taken[before:] == [1, 1, 1], "what was held is too old to be given out"


def test_each_answer_says_one_less(buckets: Watched, clock: Clock) -> None:
    leases, owner = Leases(buckets, wide=0, lasts=HOUR, clock=clock), uuid4().hex

    told = [leases.take(owner, {"thing": Wanted(LARGE, 1)})[1][0] for _ in range(300)]

    assert [quota.left for quota in told] == list(range(1_999, 1_699, -1))
    assert {quota.spare for quota in told} == {0}, "what is held here is nobody else's business"


def test_last_tokens_are_taken_by_nobody_in_advance(clock: Clock) -> None:
    owner, one, other = uuid4().hex, Watched(), Watched()
    trusted = Leases(one, wide=0, lasts=HOUR, clock=clock)
    passed(trusted, owner, LARGE, 1_995)
    while one.taken[-1] > 1 or sum(one.taken) < 1_995:
        passed(trusted, owner, LARGE, 1)

    left = 2_000 - sum(one.taken)
    assert passed(Leases(other, wide=0, lasts=HOUR, clock=clock), owner, LARGE, 20) == left, "all that nobody has used"


TAKER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from accounts.throttling.buckets import Buckets, Wanted
from accounts.throttling.leases import Leases
from accounts.throttling.table import Limit
{control}
leases = Leases(Buckets(sys.argv[1]), wide=0, lasts=3600)
take = lambda _: leases.take(sys.argv[2], {{"thing": Wanted(Limit(2000, 360000), 1)}})[0] == 0
take(0)
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as threads:
    print(sum(threads.map(take, range(2500))))
"""
#: What a process gives out is never written down in Redis.
CREDIT = """
from accounts.throttling import buckets
buckets.TAKE = buckets.TAKE.replace("full_at[i] = full_at[i] + spare * pace", "")
"""


def granted(control: str) -> int:
    """Four threads in each of two processes take from one bucket of two thousand until it is long empty."""
    command = [sys.executable, "-c", TAKER.format(control=control), APART, uuid4().hex]
    takers = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    assert [taker.stdout and taker.stdout.readline() for taker in takers] == ["ready\n"] * 2
    for taker in takers:
        assert taker.stdin
        taker.stdin.write("go\n")
        taker.stdin.flush()
    return 2 + sum(int(taker.communicate(timeout=60)[0]) for taker in takers)


def test_processes_and_threads_together_get_what_is_there_and_no_more() -> None:
    assert granted("") == 2_000


def test_process_that_gives_out_what_it_has_not_taken_lets_more_pass() -> None:
    """The negative control."""
    assert granted(CREDIT) > 2_100


def test_threads_of_one_process_get_every_single_one(buckets: Watched, clock: Clock) -> None:
    leases, owner = Leases(buckets, wide=0, lasts=HOUR, clock=clock), uuid4().hex

    with ThreadPoolExecutor(8) as threads:
        took: Callable[[int], int] = lambda _: passed(leases, owner, LARGE, 1)  # noqa: E731
        assert sum(threads.map(took, range(2_400))) == 2_000


def test_redis_that_goes_away_takes_no_lease_along_and_leaves_nobody_waiting(clock: Clock) -> None:
    leases = Leases(Watched(f"redis://127.0.0.1:{free_port()}/0"), clock=clock)

    assert passed(leases, "anybody", TABLE["address"], 100) == 100
    assert leases.take("anybody", {"address": Wanted(TABLE["address"], 1)}) == (0, [])


def test_callers_without_number_take_no_room_without_end(buckets: Watched, clock: Clock) -> None:
    leases = Leases(Watched(f"redis://127.0.0.1:{free_port()}/0"), clock=clock)

    for number in range(CALLERS + 50):
        passed(leases, str(number), TABLE["address"], 1)

    assert len(leases._held) == CALLERS
