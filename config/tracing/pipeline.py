"""From a span to the collector, for one process.

    instruments ─► sampling: is it work? ─► kept in memory ─► a thread of this process, every few seconds
                                                                 └─► discretion: what may be told ─► OTLP over HTTP

A collector that is away costs spans and nothing else: they are thrown away when 2,048 wait. What OpenTelemetry names is
as it says: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and _ARG, OTEL_BSP_….

Roadmap: observability/distributed-tracing
"""

import os
import socket
from multiprocessing.util import Finalize

from billiard.util import Finalize as BilliardFinalize
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from config import env
from config.tracing import instruments
from config.tracing.discretion import Discreet
from config.tracing.sampling import OnlyWork

#: The names of attributes that are stable by now, instead of those that the libraries began with.
STABLE_NAMES = ("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")


def begin(role: str) -> None:
    """Record what this process does under the name `role`, and send it to the collector."""
    os.environ.setdefault(*STABLE_NAMES)
    # Without baggage: that is what strangers want to have passed on, to our payment provider for example.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    provider = recorder(role, exporter())
    trace.set_tracer_provider(provider)
    for at_the_end in (Finalize, BilliardFinalize):  # forked workers, granian's and Celery's, end without `atexit`
        at_the_end(None, provider.shutdown, exitpriority=10)
    instruments.listen(to_requests=role == "web")


def exporter() -> SpanExporter:
    """Return what sends spans to OTEL_EXPORTER_OTLP_ENDPOINT; other settings of the protocol it reads by itself."""
    address = env.text("OTEL_EXPORTER_OTLP_ENDPOINT").rstrip("/")
    headers = parse_env_headers(env.text("OTEL_EXPORTER_OTLP_HEADERS"), liberal=True)
    return OTLPSpanExporter(endpoint=f"{address}/v1/traces", headers=headers)


def recorder(role: str, exporter: SpanExporter) -> TracerProvider:
    """Return what spans are made with: work alone, told with discretion, sent in the background."""
    provider = TracerProvider(resource=Resource.create(identity(role)))
    provider.sampler = OnlyWork(provider.sampler)
    provider.add_span_processor(BatchSpanProcessor(Discreet(exporter)))
    return provider


def identity(role: str) -> dict[str, str | int]:
    """Return who speaks: a service for each kind of process, since that is what a trace is coloured by."""
    named = os.environ.get("OTEL_SERVICE_NAME") or role
    return {
        "service.namespace": "shop",
        "service.name": named,
        "host.name": socket.gethostname(),
        "process.pid": os.getpid(),
    }
