"""A collector of forty lines: takes OTLP over HTTP on loopback, and keeps the spans in memory to be asked for by trace.

    with receiving() as spans:
        …                                    # processes with OTEL_EXPORTER_OTLP_ENDPOINT=spans.endpoint
        spans.of("4bf92f3577b34da6a3ce929d0e0e4736")

https://opentelemetry.io/docs/specs/otlp/#otlphttp

Roadmap: observability/distributed-tracing
"""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

PATH = "/v1/traces"


class Span(NamedTuple):
    """One piece of work. Times are nanoseconds since 1970; `parent` is empty where a trace begins."""

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    process: str
    began: int
    ended: int
    failed: bool
    attributes: dict[str, Any]

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.began) / 1e6


class Spans:
    """What has come in so far. `endpoint` is what the processes must be told."""

    def __init__(self, endpoint: str = "") -> None:
        self.endpoint = endpoint
        self._known: dict[str, Span] = {}
        self._lock = Lock()

    def add(self, body: bytes) -> None:
        """Keep what an exporter sent."""
        self.keep(decoded(body))

    def keep(self, spans: Iterable[Span]) -> None:
        """Keep them; an exporter that sends again, since our answer got lost, changes nothing."""
        fresh = {span.id: span for span in spans}
        with self._lock:
            self._known |= fresh

    def all(self) -> list[Span]:
        """Every span, in the order of its beginning."""
        with self._lock:
            return sorted(self._known.values(), key=lambda span: span.began)

    def of(self, trace: str) -> list[Span]:
        """Those of one trace."""
        return [span for span in self.all() if span.trace == trace]


def decoded(body: bytes) -> Iterator[Span]:
    """Read protobuf, and let google.protobuf's DecodeError out for anything else."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        process = _plain(resource.resource.attributes).get("service.name", "?")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _read(span, process)


def _read(span: Sent, process: str) -> Span:
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        Sent.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        process,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == span.status.STATUS_CODE_ERROR,
        _plain(span.attributes),
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in attributes}


class Receiver(BaseHTTPRequestHandler):
    """Answers exporters."""

    protocol_version = "HTTP/1.1"
    spans: Spans

    def do_POST(self) -> None:
        """Take one batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.spans.add(body)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the demo."""


@contextmanager
def receiving() -> Iterator[Spans]:
    """Listen on a free port of loopback until the end of the block."""
    spans = Spans()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Receiver,), {"spans": spans})) as server:
        server.daemon_threads = True
        spans.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield spans
        finally:
            server.shutdown()
