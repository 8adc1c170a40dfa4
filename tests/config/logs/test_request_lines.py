"""One line for each request, with what it cost and whose it was, and nothing that somebody sent."""

from collections.abc import Callable
from time import sleep

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.test import APIClient

from accounts.models import User
from config.logs import requests, statements
from config.metrics import requests as figures
from tests.config.logs.conftest import Entries

Api = Callable[[User | None], APIClient]


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("what the stack is for")


urlpatterns = [path("breaks/", breaks), path("", include("config.urls"))]


@pytest.mark.roadmap("observability/what-to-log", "frameworks/middleware")
def test_request_leaves_one_line(alice: User, api: Api, entries: Entries) -> None:
    answer = api(alice).get("/api/v1/account/?fields=name", headers={"X-Request-ID": "request-42"})

    [line] = entries("shop.request")
    assert (line["method"], line["route"], line["status"]) == ("GET", "api/v1/account/", 200)
    assert (line["level"], line["message"]) == ("INFO", "GET 200")
    assert line["request_id"] == answer["X-Request-ID"] == "request-42"
    assert (line["user"], line["queries"] > 0) == (alice.pk, True)
    assert 0 < line["database_ms"] <= line["duration_ms"]


@pytest.mark.parametrize("place", ["/nowhere/of-alice@example.com/", "/api/v1/orders/RS-SOMEBODYS/?token=abcdefgh"])
def test_line_has_no_word_of_the_address(client: Client, db: None, entries: Entries, place: str) -> None:
    client.get(place)

    [line] = entries("shop.request")
    assert not {"alice", "SOMEBODYS", "abcdefgh"} & set(str(line).replace("/", " ").split())
    assert line["route"] in {"-", "api/v1/orders/<str:number>/"}


@pytest.mark.roadmap("observability/what-to-log", "observability/log-levels")
@pytest.mark.urls(__name__)
def test_error_leaves_its_stack_once_beside_the_line(db: None, entries: Entries) -> None:
    Client(raise_request_exception=False).get("/breaks/", headers={"X-Request-ID": "request-42"})

    [line] = entries("shop.request")
    [stack] = [entry for entry in entries() if "traceback" in entry]
    assert (line["status"], line["route"]) == (500, "breaks/")
    assert (stack["level"], stack["request_id"], line["request_id"]) == ("ERROR", "request-42", "request-42")
    assert "what the stack is for" in stack["traceback"]


@pytest.mark.roadmap("observability/correlation-ids", "frameworks/middleware")
def test_line_of_a_slow_request_has_its_id(
    db: None, client: Client, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "SLOW", 0.0)

    client.get("/api/v1/products/", headers={"X-Request-ID": "request-42"})

    [line] = entries("config.metrics.requests")
    assert (line["message"].startswith("slow request: GET"), line["request_id"]) == (True, "request-42")


def test_nobody_is_asked_for_the_lines_sake(client: Client, entries: Entries) -> None:
    """The test has no database: whoever asked for the user would fail."""
    client.get("/healthz/live")

    [line] = entries("shop.request")
    assert (line["level"], line["user"], line["queries"]) == ("DEBUG", None, 0)


@pytest.mark.roadmap("observability/correlation-ids")
def test_slow_statement_is_told_under_the_id_without_its_values(
    db: None, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "SLOW", 0.02)
    said = statements.Statements()

    with connection.execute_wrapper(said), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT %s::text FROM pg_sleep(0.03)", ["hunter2"])

    [told] = entries("shop.slow")
    assert (told["level"], told["statement"]) == ("WARNING", "SELECT %s::text FROM pg_sleep(0.03)")
    assert "hunter2" not in str(told)
    assert (said.count, said.seconds > 0.02) == (2, True)


def test_line_is_written_for_a_request_that_the_first_middleware_refuses(entries: Entries) -> None:
    def refuses(request: HttpRequest) -> HttpResponse:
        sleep(0.002)
        return HttpResponse(status=413)

    requests.RequestLineMiddleware(refuses)(HttpRequest())

    [line] = entries("shop.request")
    assert (line["status"], line["route"], line["duration_ms"] >= 2) == (413, "-", True)
    assert requests.current.get() is None
