"""One flight for all: of many threads that want the same at the same time, one fetches it and the others get it too.

Without it, a best-seller's answer that ends under load is made anew by every request that comes before the first has
finished, all at once on a database that is busy as it is.

Roadmap: caching/cache-stampede
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Generic, TypeVar

Result = TypeVar("Result")

#: Seconds. Whoever has waited for so long fetches it themselves; the one who flies may hang.
PATIENCE = 2.0


class Flight(Generic[Result]):
    """One fetch that is under way."""

    def __init__(self) -> None:
        self.landed = Event()
        self.result: Result | None = None


class Flights(Generic[Result]):
    """All that are under way in this process."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._under_way: dict[str, Flight[Result]] = {}
        self._lock = Lock()

    def join(self, key: str, fetch: Callable[[], Result | None]) -> tuple[Result | None, bool]:
        """Return what `fetch` returns and True, or what a thread that began before us got and False.

        The latter is None if that thread failed or took too long. Raises what our own `fetch` raises.
        """
        with self._lock:
            flight = self._under_way.get(key)
            if is_own := flight is None:
                flight = self._under_way[key] = Flight()
        if not is_own:
            flight.landed.wait(self._patience)
            return flight.result, False
        try:
            flight.result = fetch()
            return flight.result, True
        finally:
            with self._lock:
                del self._under_way[key]
            flight.landed.set()
