"""A trace goes on wherever the work does; it tells times and names but no person; without a collector there is none."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from opentelemetry import trace
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from rest_framework.test import APIClient

from accounts import trail
from accounts.models import User
from config import tracing
from config.tracing import discretion, instruments, sampling
from deploy.otel.receiver import Span, Spans, receiving
from orders import gateways, outbox
from orders.tasks import CONSUMERS
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

ROOT = Path(__file__).resolve().parents[2]
Look = Callable[[str], list[Span]]


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Spans]:
    """This process is traced as a web server is, and what it tells arrives here. A process begins once."""
    with receiving() as spans, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", spans.endpoint)
        tracing.begin("web")
        instruments.deafen()
        yield spans
        trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]


@pytest.fixture
def collector(pipeline: Spans) -> Iterator[Spans]:
    """The libraries are listened to, and not beyond this test."""
    instruments.listen(to_requests=True)
    yield pipeline
    instruments.deafen()


@pytest.fixture
def spans_of(collector: Spans) -> Look:
    """`spans_of(trace)` sends what waits and returns what has arrived of that trace."""

    def look(trace_id: str) -> list[Span]:
        trace.get_tracer_provider().force_flush()  # type: ignore[attr-defined]
        return collector.of(trace_id)

    return look


@pytest.fixture
def fresh_connection(collector: Spans, transactional_db: None) -> Iterator[None]:
    """One that is listened to, as all are that are opened after tracing has begun."""
    connection.close()
    yield
    connection.close()


def traced(trace_id: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}


def work_elsewhere(message_ids: Sequence[UUID], topic: str) -> None:
    """As a worker does: in another thread, which knows of the request only what the message carries."""
    worker = Thread(target=lambda: (outbox.perform(message_ids[0], CONSUMERS), connection.close()))
    worker.start()
    worker.join()


@pytest.mark.roadmap("observability/distributed-tracing")
@pytest.mark.usefixtures("fresh_connection", "mailoutbox")
def test_one_trace_leads_from_the_button_to_the_letter(
    alice: User, spans_of: Look, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, api: Callable[..., APIClient]
) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    cart_of(alice, (product(), 1))
    trace_id = uuid4().hex

    press(api(alice), trace_id)
    outbox.publish_due(work_elsewhere)

    spans = {span.id: span for span in spans_of(trace_id)}
    (request,) = [span for span in spans.values() if span.kind == "server"]
    assert (request.name, request.parent) == ("POST api/v1/orders/", "00f067aa0ba902b7")
    assert {"open", "authorize", "settle"} <= {span.name for span in spans.values() if span.parent == request.id}
    (letter,) = [span for span in spans.values() if span.name == "send mail"]
    assert spans[letter.parent].name == "settle"  # it wrote the message


def press(client: APIClient, trace_id: str) -> Any:
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    answer = client.post(
        "/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "key-1"} | traced(trace_id)
    )
    assert answer.status_code == 201
    return answer


@pytest.mark.roadmap("observability/distributed-tracing")
@pytest.mark.usefixtures("fresh_connection")
def test_trace_holds_nothing_about_a_person(alice: User, spans_of: Look, api: Callable[..., APIClient]) -> None:
    trace_id = uuid4().hex
    client = api(alice)

    client.get("/api/v1/products/", {"search": "alice@example.com"}, headers=traced(trace_id))
    client.get("/api/v1/account/", headers=traced(trace_id))

    spans = spans_of(trace_id)
    assert {"http.route", "db.query.text"} <= {name for span in spans for name in span.attributes}
    assert {name for span in spans for name in span.attributes} <= discretion.TOLD
    told = repr(spans)
    assert "alice" not in told
    assert client._credentials["HTTP_AUTHORIZATION"].split()[1] not in told


@pytest.mark.roadmap("observability/distributed-tracing")
def test_error_is_told_by_its_type_and_not_by_its_words() -> None:
    words = {"exception.type": "IntegrityError", "exception.message": "Key (email)=(alice@example.com) exists"}
    span = ReadableSpan(
        "INSERT",
        attributes={"db.query.text": "INSERT …", "client.address": "203.0.113.9"},
        events=[Event("exception", words | {"exception.stacktrace": "alice@example.com"}, 7)],
        status=Status(StatusCode.ERROR, "Key (email)=(alice@example.com) exists"),
    )

    told = discretion.discreet(span)

    assert told.attributes == {"db.query.text": "INSERT …"}
    assert [dict(event.attributes or {}) for event in told.events] == [{"exception.type": "IntegrityError"}]
    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, None)


@pytest.mark.roadmap("observability/distributed-tracing")
def test_address_that_was_called_is_told_without_what_was_asked_there() -> None:
    asked = {"url.full": "https://user:word@pay.example:8443/v1/list?email=alice%40example.com"}

    assert discretion.told(asked) == {"url.full": "https://pay.example:8443/v1/list"}


@pytest.mark.roadmap("observability/distributed-tracing")
def test_question_that_nobody_asked_for_begins_no_trace(collector: Spans) -> None:
    begin = trace.get_tracer(__name__).start_as_current_span

    with begin("SELECT", kind=SpanKind.CLIENT) as idle, begin("SELECT", kind=SpanKind.CLIENT) as below:
        pass
    with begin("run/a.task", kind=SpanKind.CONSUMER) as work:
        pass

    assert [span.is_recording() for span in (idle, below)] == [False, False]
    assert work.get_span_context().trace_flags.sampled
    assert SpanKind.CLIENT not in sampling.BEGINNINGS


@pytest.mark.django_db
def test_health_checks_are_not_traced(collector: Spans, spans_of: Look, client: Any) -> None:
    trace_id = uuid4().hex

    client.get("/healthz/live", headers=traced(trace_id))

    assert spans_of(trace_id) == []


def test_letter_is_timed_without_its_reader(collector: Spans, spans_of: Look, mailoutbox: list[EmailMessage]) -> None:
    with trace.get_tracer(__name__).start_as_current_span("run/a.task", kind=SpanKind.CONSUMER) as task:
        EmailMessage("Your order", "…", to=["alice@example.com"]).send()

    told = spans_of(f"{task.get_span_context().trace_id:032x}")
    assert [span.name for span in told] == ["run/a.task", "send mail"]
    assert len(mailoutbox) == 1
    assert "alice" not in repr(told)


def test_worker_stays_in_the_trace_that_it_is_in(collector: Spans) -> None:
    other = trail.resumed(traced(uuid4().hex))

    with trace.get_tracer(__name__).start_as_current_span("run/a.task", kind=SpanKind.CONSUMER) as task, other:
        assert trace.get_current_span() is task


def test_process_without_a_collector_is_as_if_there_were_no_tracing() -> None:
    # Of the SDK redis-py imports the half that counts by itself, wherever it is installed; nobody asks it for anything.
    heavy = ("opentelemetry.instrumentation", "opentelemetry.exporter", "opentelemetry.proto", "config.tracing.")
    script = f"import sys, config.wsgi; print([name for name in sys.modules if name.startswith({heavy})])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}

    said = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, env=environment, text=True)

    assert said.strip() == "[]"
