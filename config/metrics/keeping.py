"""A collector whose answer is good for some seconds: two Prometheus servers, or who reloads the page, ask once.

Roadmap: observability/prometheus-and-grafana
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from prometheus_client import Metric
from prometheus_client.registry import Collector

#: Seconds; less than Prometheus waits between two looks, so that each of its own finds something new.
GOOD_FOR = 5.0


class Kept(Collector):
    """Asks `families` at most once in `good_for` seconds; who comes meanwhile gets what was found."""

    def __init__(self, *, good_for: float = GOOD_FOR, clock: Callable[[], float] = monotonic) -> None:
        self._good_for, self._clock, self._lock = good_for, clock, Lock()
        self._found: list[Metric] = []
        self._until = float("-inf")

    def families(self) -> list[Metric]:
        """Ask anew. Must raise nothing: one neighbour that is away takes no other figure off the page."""
        raise NotImplementedError

    def collect(self) -> list[Metric]:
        """Return what was found not long ago; one at a time asks."""
        with self._lock:
            if self._clock() >= self._until:
                self._found = self.families()
                self._until = self._clock() + self._good_for
            return self._found
