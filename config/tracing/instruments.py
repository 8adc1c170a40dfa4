"""The libraries that are listened to: each of them tells when it began and ended something, and passes the trace on.

    Django ◄─ traceparent of the caller        requests ─► traceparent for the payment provider
    Celery ◄─► traceparent in the headers of a task        psycopg, Redis, SMTP: their time

Roadmap: observability/distributed-tracing
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from wrapt import wrap_function_wrapper

#: Asked every few seconds by machines, and nobody's work.
NOT_TRACED = "healthz/,metrics"
tracer = trace.get_tracer(__name__)


def listen(*, to_requests: bool) -> None:
    """Instrument every library that this process uses; Django too where it answers requests. Before its first use."""
    if to_requests:  # puts a middleware before all others, so the handler must not have read the settings yet
        DjangoInstrumentor().instrument(excluded_urls=NOT_TRACED)
    for instrument in (PsycopgInstrumentor(), RedisInstrumentor(), RequestsInstrumentor(), CeleryInstrumentor()):
        instrument.instrument()
    wrap_function_wrapper(EmailMessage, "send", _timed)


def deafen() -> None:
    """Take every instrument away again, for tests."""
    for instrument in (DjangoInstrumentor(), PsycopgInstrumentor(), RedisInstrumentor(), RequestsInstrumentor()):
        instrument.uninstrument()
    CeleryInstrumentor().uninstrument()
    EmailMessage.send = EmailMessage.send.__wrapped__  # type: ignore[attr-defined,method-assign]


def _timed(send: Callable[..., int], letter: EmailMessage, args: Any, options: Any) -> int:
    """The time that the mail server took; of the letter itself a trace tells nothing."""
    server = {"server.address": settings.EMAIL_HOST} if settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend") else {}
    with tracer.start_as_current_span("send mail", kind=trace.SpanKind.CLIENT, attributes=server):
        return send(*args, **options)
