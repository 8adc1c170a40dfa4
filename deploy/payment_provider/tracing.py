"""The provider's part of somebody else's trace: it goes on with the `traceparent` that came with a request.

Another company's service would do the same, with a collector of its own; that is all that the two share. Only loaded
where OTEL_EXPORTER_OTLP_ENDPOINT is set.

Roadmap: observability/distributed-tracing
"""

from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRACE_CONTEXT = TraceContextTextMapPropagator()


class Traced:
    """Wraps the application: each request is a span with its route and its status, and nothing of what is in it."""

    def __init__(self, app: ASGIApp, environ: Mapping[str, str]) -> None:
        provider = TracerProvider(resource=Resource.create({"service.name": "provider"}))
        endpoint = f"{environ['OTEL_EXPORTER_OTLP_ENDPOINT'].rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        self.app, self.tracer = app, provider.get_tracer(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what goes on backstage (health, faults) is not traced."""
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        asked = TRACE_CONTEXT.extract(headers)
        with self.tracer.start_as_current_span(scope["method"], context=asked, kind=trace.SpanKind.SERVER) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, noted)
            finally:
                if route := getattr(scope.get("route"), "path", ""):
                    span.update_name(f"{scope['method']} {route}")
