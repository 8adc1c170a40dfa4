"""The trail: what led to the work at hand, so that a letter can be traced back to the click that caused it.

    request ─► request_id ─► outbox row ─► relay ─► task's headers ─► worker: resumed ─► its log, its calls, its mail
               (this thread)  carried()                               (that thread)

The message keeps its trail in the row, since the relay that publishes it, minutes later perhaps, never saw the request.
A trail is for people who search: nothing is decided by it, and a message without one is worked on all the same.

Roadmap: observability/correlation-ids, observability/distributed-tracing
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

#: What stands for the id where no request caused the work.
NO_REQUEST = "-"
#: The header that an id travels under, to us and from us.
HEADER = "X-Request-ID"
#: W3C Trace Context: the trace and the span that go on elsewhere, as `traceparent`. Without tracing it says nothing.
TRACE_CONTEXT = TraceContextTextMapPropagator()
#: The id of the request that this thread works for.
request_id: ContextVar[str] = ContextVar("request_id", default=NO_REQUEST)


def carried() -> dict[str, str]:
    """Return what must travel with a message for `resumed` to go on at its other end: short strings, nothing secret."""
    known, trace_of = request_id.get(), dict[str, str]()
    TRACE_CONTEXT.inject(trace_of)
    wanted = {"request_id": "" if known == NO_REQUEST else known, "traceparent": trace_of.get("traceparent", "")}
    return {name: value for name, value in wanted.items() if value}


def headers() -> dict[str, str]:
    """Return what a call to a neighbour of ours, or a letter, carries in its head."""
    known = request_id.get()
    return {} if known == NO_REQUEST else {HEADER: known}


@contextmanager
def resumed(context: Mapping[str, str], *, apart: bool = False) -> Iterator[None]:
    """Work under a trail that was `carried` here; one that says nothing leaves this thread's own.

    So does a trace that is under way: a worker's began in the relay, which had resumed this very one. `apart` from it:
    a worker that goes through messages of several requests has a trace of its own, which is none of theirs.
    """
    token = request_id.set(context.get("request_id") or request_id.get())
    is_traced = not apart and trace.get_current_span().get_span_context().is_valid
    trace_token = None if is_traced else attach(TRACE_CONTEXT.extract(context))
    try:
        yield
    finally:
        if trace_token:
            detach(trace_token)
        request_id.reset(token)
