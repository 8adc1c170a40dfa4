"""Token buckets that all processes share: one Lua script in Redis, which takes from several of them or from none.

A bucket is one number, the moment at which it will be full again: taking moves it on, time passes by itself, and a
bucket that is full is no key at all. While the script runs Redis does nothing else, so of a thousand requests at once
exactly as many pass as there are tokens; and the clock is Redis's, so that of the processes need not agree.

Ours and not a library's (`docs/decisions`, 13): none of them takes from several buckets at once.

Redis away: `take` says that nothing is known, and asks again after REST seconds.

Roadmap: api/rate-limiting, nosql/redis
"""

import logging
from collections.abc import Callable, Mapping
from math import ceil
from time import monotonic
from typing import NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.throttling.table import Limit

logger = logging.getLogger(__name__)
#: Seconds. A Redis next door answers within a thousandth; who guards against waiting must not be waited for.
PATIENCE = 0.1
#: Seconds for which nobody asks a Redis that did not answer.
REST = 5.0
#: The script counts in microseconds: TIME has them, and Lua's numbers hold them exactly until the year 2255.
SECOND = 1_000_000

# KEYS: the buckets. ARGV: for each its quota, the microseconds in which one token comes back, how many are wanted, and
# how many more are welcome: an eighth of what is left at most, so that the last ones are there for whoever comes first.
# Answers how long to wait until all have enough (0: taken), when each will be full, and how many more each gave.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer, full_at = {0}, {}
for i, key in ipairs(KEYS) do
    local quota, pace, wanted = ARGV[4 * i - 3], ARGV[4 * i - 2], ARGV[4 * i - 1]
    local held = math.max(tonumber(redis.call('GET', key) or 0), now)
    full_at[i] = held + wanted * pace
    answer[1] = math.max(answer[1], full_at[i] - now - quota * pace)
    answer[i + 1] = held - now
end
if answer[1] > 0 then return answer end
for i, key in ipairs(KEYS) do
    local quota, pace, spare = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i])
    spare = math.min(spare, math.floor((now + quota * pace - full_at[i]) / pace / 8))
    full_at[i] = full_at[i] + spare * pace
    answer[#KEYS + 1 + i] = spare
    answer[i + 1] = full_at[i] - now
    if answer[i + 1] > 0 then
        redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.ceil(answer[i + 1] / 1000))
    end
end
return answer
"""


class Wanted(NamedTuple):
    """So many tokens of a bucket that has this limit, and up to `spare` more, which never make it wait."""

    limit: Limit
    tokens: int
    spare: int = 0


class Quota(NamedTuple):
    """What a bucket has left, in how many seconds it is full again, and how many more than wanted were taken."""

    name: str
    limit: Limit
    left: int
    full_in: int
    spare: int = 0


class Buckets:
    """The buckets in one Redis."""

    def __init__(self, redis_url: str, *, clock: Callable[[], float] = monotonic) -> None:
        # One retry for a connection that Redis dropped; none for silence, which would only be longer.
        once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        client = redis.Redis.from_url(
            redis_url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE, retry=once, health_check_interval=0
        )
        self._take = client.register_script(TAKE)
        self._clock, self._away_until = clock, float("-inf")

    def take(self, owner: str, wanted: Mapping[str, Wanted]) -> tuple[int, list[Quota]]:
        """Take from all of the owner's buckets or from none; return the seconds to wait (0: taken) and what is left.

        Costs one round trip. While Redis is away everything is granted and nothing is known: `(0, [])`.
        """
        if self._clock() < self._away_until:
            return 0, []
        # The limit is a part of the name: what was taken under another one would be misread. In braces stands what
        # decides on which node of a cluster a key lies: all that one script touches must lie together.
        keys = [f"throttle:{{{owner}}}:{name}:{want.limit.quota}/{want.limit.window}" for name, want in wanted.items()]
        terms = [
            term for want in wanted.values() for term in (want.limit.quota, _pace(want.limit), want.tokens, want.spare)
        ]
        try:
            wait, *told = self._take(keys, terms)
        except redis.RedisError as failure:
            self._away_until = self._clock() + REST
            logger.warning("nobody is throttled, Redis is away: %s", failure)
            return 0, []
        owed, spared = told[: len(wanted)], told[len(wanted) :] or [0] * len(wanted)
        quotas = [
            _quota(name, want.limit, int(owes), int(spare))
            for (name, want), owes, spare in zip(wanted.items(), owed, spared, strict=True)
        ]
        return ceil(int(wait) / SECOND), quotas


def _pace(limit: Limit) -> int:
    """Microseconds in which one token comes back."""
    return max(1, limit.window * SECOND // limit.quota)


def _quota(name: str, limit: Limit, owes: int, spare: int) -> Quota:
    return Quota(name, limit, max(0, limit.quota - ceil(owes / _pace(limit))), ceil(owes / SECOND), spare)
