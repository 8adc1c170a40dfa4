"""A fault arrives at Sentry with what one searches by and nothing that somebody sent; a refusal does not; without a DSN
there is no Sentry.
"""

import gzip
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
from celery import Celery
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from opentelemetry.sdk.trace import TracerProvider
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from accounts.models import User
from config.logs import errors, reports
from shop.errors import OutOfStock, Shortage

ROOT = Path(__file__).resolve().parents[3]
#: What may not leave, and none of it looks alike.
SECRETS = {
    "bearer": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl",
    "cookie": "session-of-somebody",
    "query": "what-was-asked",
    "body": "correct horse battery staple",
    "local": "known to one function only",
    "card": "4242424242424242",
    "mail": "alice@example.com",
    "key": "sk_test_51SecretOfTheAccount",
}
Sent = Callable[[], list[dict[str, Any]]]


def breaks(request: HttpRequest, name: str) -> HttpResponse:
    kept_here = SECRETS["local"]
    logging.getLogger("shop").info("card %s", SECRETS["card"], extra={"word": SECRETS["body"]})
    raise RuntimeError(f"refused {SECRETS['mail']} with {SECRETS['key']}: {len(kept_here)}")


def is_refused(request: HttpRequest, why: str) -> HttpResponse:
    raise {"missing": Http404, "forbidden": PermissionDenied}[why]("on purpose")


@api_view(["POST"])
@authentication_classes([])
@permission_classes([AllowAny])
def is_sold_out(request: Request) -> HttpResponse:
    raise OutOfStock([Shortage("DESK", "Desk", 3, 2)])


urlpatterns = [
    path("breaks/<str:name>/", breaks),
    path("refused/<str:why>/", is_refused),
    path("sold-out/", is_sold_out),
    path("", include("config.urls")),
]


class Sink(BaseHTTPRequestHandler):
    """Takes envelopes: lines of JSON, of which every third is what it is about."""

    kept: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    """This process reports as a web server does; `sent()` is what has arrived. Afterwards it reports no more."""
    kept: list[bytes] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Sink,), {"kept": kept}))
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SENTRY_DSN", f"http://key@127.0.0.1:{server.server_port}/1")
    monkeypatch.setenv("SENTRY_ENVIRONMENT", "of-a-test")
    monkeypatch.setenv("SENTRY_RELEASE", "1234abc")
    reports.redaction.cache_clear()
    with sentry_sdk.isolation_scope():
        errors.begin("web")

        def arrived() -> list[dict[str, Any]]:
            sentry_sdk.flush(timeout=5)
            return [json.loads(envelope.splitlines()[2]) for envelope in kept]

        yield arrived
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()
    assert not sentry_sdk.get_client().is_active()


def asks(place: str) -> HttpResponse:
    """A request that is full of what is nobody's business."""
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = SECRETS["cookie"]
    return client.post(  # type: ignore[return-value]
        f"{place}?q={SECRETS['query']}",
        {"note": SECRETS["body"]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {SECRETS['bearer']}", "X-Request-ID": "request-42"},
    )


@pytest.mark.roadmap("observability/error-tracking")
@pytest.mark.urls(__name__)
def test_fault_arrives_with_what_one_searches_by_and_without_what_was_sent(db: None, sent: Sent) -> None:
    with TracerProvider().get_tracer(__name__).start_as_current_span("POST") as span:
        assert asks("/breaks/alice/").status_code == 500

    [event] = sent()
    [failure] = event["exception"]["values"]
    assert (failure["type"], failure["stacktrace"]["frames"][-1]["function"]) == ("RuntimeError", "breaks")
    assert failure["value"] == "refused [e-mail] with [masked]: 26"
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert event["tags"] == {"role": "web", "request_id": "request-42", "trace_id": trace_id}
    assert (event["transaction"], event["environment"], event["release"]) == (
        "breaks/<str:name>/",
        "of-a-test",
        "1234abc",
    )
    assert "card [masked]" in [crumb["message"] for crumb in event["breadcrumbs"]["values"]]
    assert [name for name, secret in SECRETS.items() if secret in json.dumps(event)] == []
    assert not {"request", "extra", "contexts"} & set(event)


@pytest.mark.roadmap("observability/error-tracking")
@pytest.mark.urls(__name__)
def test_refusal_is_no_fault(db: None, sent: Sent) -> None:
    answers = [asks(place).status_code for place in ("/refused/missing/", "/refused/forbidden/", "/sold-out/")]

    assert answers == [404, 403, 409]
    assert sent() == []
    sentry_sdk.capture_exception(OutOfStock([]))  # as a task would have it that lets one through
    assert sent() == []
    sentry_sdk.capture_exception(RuntimeError())
    assert len(sent()) == 1


@pytest.mark.roadmap("observability/error-tracking")
def test_task_that_breaks_is_told_by_its_name_and_not_by_its_arguments(sent: Sent) -> None:
    app = Celery("of-a-test", broker="memory://", set_as_current=False)

    @app.task(name="breaks", shared=False)
    def breaks_too(note: str) -> None:
        raise RuntimeError("no note in here")

    breaks_too.apply(args=[SECRETS["body"]])

    [event] = sent()
    assert event["transaction"] == "breaks"
    assert event["exception"]["values"][0]["type"] == "RuntimeError"
    assert SECRETS["body"] not in json.dumps(event)


@pytest.mark.roadmap("observability/error-tracking")
def test_same_place_is_the_same_fault_whatever_the_words() -> None:
    def event(words: str, line: int, kind: str = "KeyError") -> dict[str, Any]:
        ours = {"module": "orders.checkout", "function": "pay", "lineno": line, "in_app": True}
        frames = [ours, {"module": "json", "function": "loads", "in_app": False}]
        return {"exception": {"values": [{"type": kind, "value": words, "stacktrace": {"frames": frames}}]}}

    first, second, other = event("RS-1", 7), event("RS-2", 9), event("RS-1", 7, "TypeError")

    assert reports.place_of(first) == reports.place_of(second) == ["KeyError", "orders.checkout", "pay"]
    assert reports.place_of(other) != reports.place_of(first)
    assert reports.place_of({}) == []


def test_user_is_told_by_number_alone(alice: User, sent: Sent, rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = rf.get("/")
    request.user = alice
    token = reports.current.set(request)

    event = reports.told({"event_id": "1", "user": {"email": alice.email}}, {}, "web")
    reports.current.reset(token)

    assert event
    assert event["user"] == {"id": str(alice.pk)}


def test_process_without_a_dsn_does_not_load_the_sdk() -> None:
    script = "import sys, config.wsgi, config.celery; print('sentry_sdk' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENTRY_")}

    said = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, env=environment, text=True)

    assert said.strip() == "False"
