"""Tracing: how long each part of a piece of work took, from the web server through the queue to the letter.

    begin("web") ─► OTEL_EXPORTER_OTLP_ENDPOINT is empty ─► nothing: no library of it is even imported
                 └► is set ─► pipeline.py: what is recorded, what of it may leave, where it goes
                           ─► instruments.py: the libraries that are listened to

Each entry point begins for its own process, after it has forked. Start reading in `pipeline.py`. Where a message goes
through the outbox, `accounts/trail/` carries the trace along.

Roadmap: observability/distributed-tracing
"""

from importlib import import_module

from config import env


def begin(role: str) -> None:
    """Trace this process under that name if a collector is named; call it once per process, and after any fork."""
    if env.text("OTEL_EXPORTER_OTLP_ENDPOINT"):
        import_module("config.tracing.pipeline").begin(role)  # not above: who does not trace shall not pay for it
