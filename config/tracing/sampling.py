"""Which work is worth a trace: a request and a task are; a question that nobody asked for is not.

A relay asks the outbox five times a second whether there is something to do, and a worker asks its broker. Each of
these statements would be a trace of its own: a million a day that tell nothing.

Roadmap: observability/distributed-tracing
"""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

#: What a trace may begin with: a request, or a task taken from the queue.
BEGINNINGS = {SpanKind.SERVER, SpanKind.CONSUMER}


class OnlyWork(Sampler):
    """Asks another sampler, the one that OTEL_TRACES_SAMPLER names, about work; everything else is dropped."""

    def __init__(self, wished: Sampler) -> None:
        self.wished = wished

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Drop what would begin a trace and is no work; for the rest it is as was wished."""
        parent = get_current_span(parent_context).get_span_context()
        if not parent.is_valid and kind not in BEGINNINGS:
            return SamplingResult(Decision.DROP)
        return self.wished.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Return what the library calls this sampler in its own words."""
        return f"OnlyWork({self.wished.get_description()})"
