"""Tokens that this process took from a wide bucket in advance, so that not every request has to ask Redis.

    the plain way   request ─► Redis takes 1, each time
    with a lease    request ─► Redis takes 1 and 10 more ─► the next ten are given out here, within half a second

Taken first and given out afterwards, each token once: all processes together never grant more than the bucket held and
what came back. What is not given out in time is lost, so it is kept small:

    whose bucket    alone, and getting ten tokens a second or more: a caller's own (address, person, program). What is
                    dear is never taken in advance, nor anything for a request that takes from several buckets
    for whom        who asks again and again: an eighth of what the caller has had here without pausing for half a
                    second. So whoever stops loses at most an eighth of what they used
    how many        no more than fifty, than comes back in half a second, than an eighth of what the bucket has left.
                    So few may be refused too early while another process holds them; and nobody is told to wait for
                    less than a second

What an answer says is left is half a second old at most: what others took meanwhile is not in it yet, and what other
processes hold counts as taken; `t` is up to a second too long.

Measured gain: `docs/performance.md`.

Roadmap: api/rate-limiting, performance/code-optimization
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic

from accounts.throttling.buckets import Buckets, Quota, Wanted
from accounts.throttling.table import Limit

#: Seconds for which tokens may be given out, counted from before they were asked for; a longer silence is a pause.
LASTS = 0.5
#: One part in so many of what a caller has had may be taken in advance, and never more than MOST.
PART, MOST = 8, 50
#: Tokens that come back in a second, from which on a bucket is wide.
WIDE = 10
#: Callers that are remembered. Whoever has more addresses than this has each of them ask Redis.
CALLERS = 2_000


class Lease:
    """What this process holds of one bucket, and how many tokens its caller has had here in a row."""

    def __init__(self, lasts: float) -> None:
        self.quota: Quota | None = None
        self.left = self.row = 0
        self.lasts, self.until, self.is_being_taken = lasts, float("-inf"), False

    def given(self, now: float) -> Quota | None:
        """Give out one token, if there is one; return what is left then."""
        if not self.left or now >= self.until or self.quota is None:
            return None
        self.left, self.row = self.left - 1, self.row + 1
        return self._told(self.quota)

    def wished(self, limit: Limit, now: float) -> int:
        """Return how many are to be taken in advance; one thread at a time takes, else each would."""
        if now >= self.until:
            self.left = self.row = 0
        if self.is_being_taken:
            return 0
        wish = min(self.row // PART, MOST, int(limit.quota * self.lasts / limit.window))
        self.is_being_taken = wish > 0
        return wish

    def taken(self, quota: Quota, began: float) -> Quota:
        """Keep what the bucket gave, beside the one token that is given out at once."""
        if quota.spare or not self.left:
            self.until = began + self.lasts
        self.quota, self.left, self.row = quota, self.left + quota.spare, self.row + 1
        return self._told(quota)

    def _told(self, quota: Quota) -> Quota:
        return Quota(quota.name, quota.limit, quota.left + self.left, quota.full_in)


class Leases:
    """The leases of one process, before the buckets that all processes share."""

    def __init__(
        self, buckets: Buckets, *, wide: float = WIDE, lasts: float = LASTS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._buckets, self._wide, self._lasts, self._clock = buckets, wide, lasts, clock
        self._held: OrderedDict[tuple[str, str, Limit], Lease] = OrderedDict()
        self._lock = Lock()

    def take(self, owner: str, wanted: Mapping[str, Wanted]) -> tuple[int, list[Quota]]:
        """As `Buckets.take`, and without its round trip while something is left of a lease."""
        if len(wanted) != 1:
            return self._buckets.take(owner, wanted)
        [(name, want)] = wanted.items()
        if want.tokens != 1 or want.limit.quota < self._wide * want.limit.window:
            return self._buckets.take(owner, wanted)
        began = self._clock()
        with self._lock:
            lease = self._lease((owner, name, want.limit))
            if quota := lease.given(began):
                return 0, [quota]
            spare = lease.wished(want.limit, began)
        try:
            wait, quotas = self._buckets.take(owner, {name: want._replace(spare=spare)})
            with self._lock:
                return wait, quotas if wait else [lease.taken(quota, began) for quota in quotas]
        finally:
            if spare:
                lease.is_being_taken = False

    def _lease(self, key: tuple[str, str, Limit]) -> Lease:
        if (lease := self._held.get(key)) is None:
            lease = self._held[key] = Lease(self._lasts)
        self._held.move_to_end(key)
        if len(self._held) > CALLERS:
            self._held.popitem(last=False)
        return lease
