"""What may leave in a trace: names, times, codes, and statements without their values. Never a person.

The libraries put much into a span that is not theirs to tell: the address of the caller, the query of a URL (a token, a
searched name), the text of an exception ("Key (email)=(alice@example.com) already exists"). A collector is read by more
people than the database, and often by another company. So the list says what is told, not what is hidden: what a new
version of a library invents stays here until somebody has looked at it.

What went wrong stands in the log, under the same trace id.

Roadmap: observability/distributed-tracing
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

#: https://opentelemetry.io/docs/specs/semconv/ has them all; `db.query.text` is SQL with placeholders, or GET ?.
TOLD = {
    "http.request.method", "http.response.status_code", "http.route", "url.full", "url.scheme",
    "server.address", "server.port", "error.type", "exception.type",
    "db.system.name", "db.namespace", "db.query.text", "db.response.status_code",
    "messaging.system", "messaging.message.id", "messaging.destination", "celery.task_name", "celery.action",
    "celery.state", "celery.retries", "shop.topic",
}  # fmt: skip


class Discreet(SpanExporter):
    """Passes spans on to another exporter, cut down to what is `TOLD`; in the thread that sends, so nobody waits."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send what may be told of each span."""
        return self.exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        """End."""
        self.exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self.exporter.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """Return the span with the attributes that are `TOLD`, its errors by their type alone."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=told(span.attributes or {}),
        events=[Event(event.name, told(event.attributes or {}), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),  # without its description, which is the exception's text
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def told(attributes: Any) -> dict[str, Any]:
    """Return those on the list; of an address neither user nor query."""
    kept = {name: value for name, value in attributes.items() if name in TOLD}
    if "url.full" in kept:
        parts = urlsplit(str(kept["url.full"]))
        kept["url.full"] = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    return kept
