"""A circuit breaker that all processes share through Redis: after five failures in a row nobody calls for ten seconds.

    closed ── 5 failures ──► open ── 10 s ──► half-open: one caller tries ── success ──► closed
                              ▲                                  └────────── failure ──┐
                              └────────────────────────────────────────────────────────┘

An open breaker refuses a purchase at once instead of letting every buyer wait for the deadline. Without Redis each
process counts for itself: the shop sells on, only slower to notice. While all is well Redis is asked ten times a second
and not twice per purchase, and when it does not answer, not again for a second: a neighbour that guards against waiting
must not itself be waited for.

Our own and not pybreaker, which holds a lock while the guarded call runs, lets every process try when half-open,
and asks Redis two or three times about each call, with a traceback each time when it is away (`docs/decisions`, 7).

Roadmap: architecture/circuit-breaker
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import redis
import stripe
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

FAILURES = 5
#: Seconds. Longer than any guarded call, so that a trial is over before the next one may begin.
OPEN_FOR = 10
#: Seconds for which a look that saw no failure is good enough: so much later a process notices the others' failures.
CALM = 0.1
#: Seconds for which nobody asks a Redis that did not answer.
REDIS_AWAY = 1.0
#: Seconds for one answer of it: a purchase asks twice.
PATIENCE = 0.2
#: The provider answered, if only with a no: that is no failure of the provider.
ANSWERS = (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError)
#: So is this status, although Stripe's library makes an APIError of it: our first request is still being worked on.
KEY_IN_USE = 409


class BreakerOpen(Exception):
    """The neighbour is known to be away, and was not called."""


class Tally(Protocol):
    """Where failures are counted."""

    def look(self) -> tuple[int, bool]:
        """Return the failures in a row, and whether calls wait: for the time to pass, or for another's trial."""

    def take_trial(self) -> bool:
        """Claim the one call of a half-open breaker; false if another has it."""

    def failed(self) -> None:
        """Count a failure; the fifth and each later one opens the breaker anew."""

    def succeeded(self) -> None:
        """Forget everything."""


class Breaker:
    """Guards the calls to one neighbour."""

    def __init__(self, name: str, redis_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        # Short, and one retry for a connection that Redis dropped: by itself the library would try for four seconds.
        once = Retry(NoBackoff(), 1)
        client = redis.Redis.from_url(redis_url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE, retry=once)
        self._shared: Tally = InRedis(client, f"breaker:{name}")
        self._own: Tally = InMemory(clock)
        self._clock = clock
        self._redis_away_until = self._calm_until = float("-inf")

    def call(self, action: Callable[[], Result]) -> Result:
        """Run the action, or raise BreakerOpen at once while the breaker is open or another caller tries."""
        failures, waits = self._look()
        if waits or (failures >= FAILURES and not self._ask(lambda tally: tally.take_trial())):
            raise BreakerOpen
        try:
            result = action()
        except Exception as failure:
            if not (isinstance(failure, ANSWERS) or getattr(failure, "http_status", None) == KEY_IN_USE):
                self._calm_until = float("-inf")
                self._ask(lambda tally: tally.failed())
            elif failures:
                self._ask(lambda tally: tally.succeeded())
            raise
        if failures:
            self._ask(lambda tally: tally.succeeded())
        return result

    def is_open(self) -> bool:
        """Whether a call would be refused now. Costs one Redis round trip, or none while all is well."""
        return self._look()[1]

    def _look(self) -> tuple[int, bool]:
        """See Tally; while all is well, as it was a moment ago."""
        if self._clock() < self._calm_until:
            return 0, False
        failures, waits = self._ask(lambda tally: tally.look())
        if not failures and not waits:
            self._calm_until = self._clock() + CALM
        return failures, waits

    def _ask(self, question: Callable[[Tally], Result]) -> Result:
        """Put a question to Redis, or to this process's own memory while Redis is away."""
        if self._clock() >= self._redis_away_until:
            try:
                answer = question(self._shared)
            except redis.RedisError as failure:
                self._redis_away_until = self._clock() + REDIS_AWAY
                logger.warning("circuit breaker counts in this process only: %s", failure)
            else:
                self._own.succeeded()  # what was counted alone belongs to that absence, not to the next one
                return answer
        return question(self._own)


class InRedis:
    """Counts for all processes. What passes with time is a key that expires, so clocks need not agree."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._redis = client
        self._failures, self._open, self._trial = (f"{prefix}:{name}" for name in ("failures", "open", "trial"))

    def look(self) -> tuple[int, bool]:
        """See Tally."""
        failures, is_open, trial = self._redis.mget(self._failures, self._open, self._trial)
        return int(failures or 0), bool(is_open or trial)

    def take_trial(self) -> bool:
        """See Tally."""
        return bool(self._redis.set(self._trial, 1, nx=True, ex=OPEN_FOR))

    def failed(self) -> None:
        """See Tally."""
        if self._redis.incr(self._failures) >= FAILURES:
            self._redis.set(self._open, 1, ex=OPEN_FOR)
            self._redis.delete(self._trial)

    def succeeded(self) -> None:
        """See Tally."""
        self._redis.delete(self._failures, self._open, self._trial)


class InMemory:
    """Counts for the threads of this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._failures, self._closed_until = 0, float("-inf")

    def look(self) -> tuple[int, bool]:
        """See Tally."""
        return self._failures, self._clock() < self._closed_until

    def take_trial(self) -> bool:
        """See Tally."""
        with self._lock:
            is_free = self._clock() >= self._closed_until
            self._closed_until = self._clock() + OPEN_FOR
            return is_free

    def failed(self) -> None:
        """See Tally."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._closed_until = self._clock() + OPEN_FOR

    def succeeded(self) -> None:
        """See Tally."""
        with self._lock:
            self._failures, self._closed_until = 0, float("-inf")
