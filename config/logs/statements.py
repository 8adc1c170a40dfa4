"""What one request said to the database: counted once, for its line in the log and for the figures alike.

    RequestMetricsMiddleware ─► request.statements, around every statement ─► its own counters, and the request's line

Roadmap: observability/apm-signals, observability/what-to-log
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.http import HttpRequest

slow = logging.getLogger("shop.slow")
#: Seconds after which a statement is told by name. Of all that a purchase says, nothing should take a tenth of it.
SLOW = 0.5


class Statements:
    """Counts the statements of one request and keeps the slowest; Django calls it around each of them."""

    def __init__(self) -> None:
        self.count, self.seconds, self.slowest, self.longest = 0, 0.0, "", 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Run the statement. What is kept of it, and told of a slow one, has places and never values."""
        begun = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took = perf_counter() - begun
            self.count, self.seconds = self.count + 1, self.seconds + took
            if took > self.longest:
                self.slowest, self.longest = sql, took
            if took >= SLOW:
                slow.warning("slow statement", extra={"duration_ms": round(took * 1000, 1), "statement": sql})


def of(request: HttpRequest) -> Statements:
    """Return those of the request; none for one that nobody counts."""
    return getattr(request, "statements", None) or Statements()
