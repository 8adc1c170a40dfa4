"""The trail: what led to the work at hand, so that a letter can be traced back to the click that caused it.

    request ─► request_id ─► outbox row ─► relay ─► task's headers ─► worker: resumed ─► its log, its calls, its mail
               (this thread)  carried()                               (that thread)

The message keeps its trail in the row, since the relay that publishes it, minutes later perhaps, never saw the request.
A trail is for people who search: nothing is decided by it, and a message without one is worked on all the same.

Roadmap: observability/correlation-ids
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

#: What stands for the id where no request caused the work.
NO_REQUEST = "-"
#: The header that an id travels under, to us and from us.
HEADER = "X-Request-ID"
#: The id of the request that this thread works for.
request_id: ContextVar[str] = ContextVar("request_id", default=NO_REQUEST)


def carried() -> dict[str, str]:
    """Return what must travel with a message for `resumed` to go on at its other end: short strings, nothing secret."""
    known = request_id.get()
    return {} if known == NO_REQUEST else {"request_id": known}


@contextmanager
def resumed(context: Mapping[str, str]) -> Iterator[None]:
    """Work under a trail that was `carried` here; one that says nothing leaves this thread's own."""
    token = request_id.set(context.get("request_id") or request_id.get())
    try:
        yield
    finally:
        request_id.reset(token)
