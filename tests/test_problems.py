"""Every refusal stands in one table, looks the same wherever it comes from, and says nothing that it should not."""

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import include, path
from django.utils.html import escape
from rest_framework.views import APIView

from accounts.errors import AccountError
from config.logs.lines import Line
from config.openapi import samples
from config.problems import MEANINGS, PROBLEMS, meaning, problem_of
from config.views import not_found as handler404  # noqa: F401 - Django reads the handlers of this test's URLs here
from config.views import server_error as handler500  # noqa: F401
from orders.errors import OrderError
from shop.errors import ShopError, UnknownProduct
from tests.answers import BY_SLUG, MEMBERS, assert_problem

SECRET = "password=hunter2 at 10.0.0.7"
OURS = (AccountError, OrderError, ShopError)


class Broken(APIView):
    """A view with a fault of our own."""

    permission_classes = ()

    def get(self, request: HttpRequest) -> None:
        raise RuntimeError(SECRET)


def broken(request: HttpRequest) -> None:
    raise RuntimeError(SECRET)


def refused(request: HttpRequest) -> None:
    raise OperationalError(SECRET)


class Sleepy(APIView):
    """A view that sleeps inside a transaction for longer than PostgreSQL allows."""

    permission_classes = ()

    def get(self, request: HttpRequest) -> None:
        sleepy(request)


@transaction.atomic
def sleepy(request: HttpRequest) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        time.sleep(0.2)
        cursor.execute("SELECT 1")


urlpatterns = [
    path("sleepy-rest/", Sleepy.as_view()),
    path("sleepy-plain/", sleepy),
    path("rest/", Broken.as_view()),
    path("plain/", broken),
    path("database/", refused),
    path("", include("config.urls")),
]


def subclasses(error: type[Exception]) -> Iterator[type[Exception]]:
    for child in error.__subclasses__():
        yield child
        yield from subclasses(child)


REFUSALS = [error for base in OURS for error in subclasses(base) if not error.__module__.startswith("tests.")]


@pytest.mark.roadmap("api/error-responses", "languages/error-handling")
@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.__name__)
def test_refusal_stands_in_the_table_and_says_what_it_means(error: type[Exception]) -> None:
    assert error in PROBLEMS
    assert len(meaning(error)) > 20


@pytest.mark.roadmap("api/openapi-documentation")
def test_every_problem_has_an_example_in_the_api_document_that_shows_all_its_members() -> None:
    shown = samples.problems()

    assert set(BY_SLUG) - set(shown) == set(), "raise one of each in config/openapi/samples.py"
    for slug, example in shown.items():
        assert set(example["value"]) == MEMBERS | set(BY_SLUG[slug].fields)
        assert example["value"]["detail"]


def test_refusals_were_found() -> None:
    assert len(REFUSALS) >= 16


def test_slug_means_one_status_and_one_title() -> None:
    assert all(BY_SLUG[problem.slug] == problem for problem in PROBLEMS.values())
    assert set(MEANINGS) <= set(BY_SLUG)
    assert all(400 <= problem.status < 600 for problem in PROBLEMS.values())


def test_refusal_that_is_not_listed_itself_means_what_its_nearest_ancestor_means() -> None:
    class GoneForGood(UnknownProduct):
        """A kind of a listed refusal."""

    assert problem_of(GoneForGood("DESK")).slug == "unknown-product"
    assert problem_of(KeyError("x")).slug == "internal-error"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the log says, line by line."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(Line())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


@pytest.mark.roadmap("security/safe-error-handling")
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("where", ["/rest/", "/plain/"])
def test_unexpected_error_is_a_bare_500_and_the_log_has_the_rest(db: None, log: io.StringIO, where: str) -> None:
    answer = Client(raise_request_exception=False).get(where)

    problem = assert_problem(answer, 500, "internal-error")
    entries = [json.loads(line) for line in log.getvalue().splitlines()]
    [entry] = [entry for entry in entries if entry["request_id"] == problem["request_id"] and "traceback" in entry]
    assert "RuntimeError: password=[masked] at 10.0.0.7" in entry["traceback"]
    for leak in (b"hunter2", b"RuntimeError", b"Traceback", b".py", b"10.0.0.7"):
        assert leak not in answer.content


@pytest.mark.urls(__name__)
def test_lost_database_outside_of_the_api_leaks_nothing(db: None, log: io.StringIO) -> None:
    answer = Client().get("/database/")

    assert_problem(answer, 503, "database-unavailable")
    assert b"hunter2" not in answer.content
    assert "10.0.0.7" in log.getvalue()
    assert "hunter2" not in log.getvalue()


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["/sleepy-rest/", "/sleepy-plain/"])
def test_transaction_that_postgres_ended_because_the_process_slept_can_be_tried_again(where: str) -> None:
    assert_problem(Client().get(where), 503, "database-unavailable")


@pytest.mark.parametrize("where", ["/nowhere/", "/api/v1/nowhere/", "/api/v3/orders/", "/problems/unheard-of/", "/%00"])
def test_path_that_leads_nowhere_is_a_problem(db: None, client: Client, where: str) -> None:
    assert_problem(client.get(where), 404, "not-found")


@pytest.mark.roadmap("api/error-responses")
@pytest.mark.parametrize("slug", sorted(BY_SLUG))
def test_type_of_a_problem_opens_as_a_page_that_explains_it(client: Client, slug: str) -> None:
    page = client.get(f"/problems/{slug}/")

    text = page.content.decode()
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{escape(BY_SLUG[slug].title)}" in text
    assert f"HTTP status {BY_SLUG[slug].status}" in text
    assert all(f"<code>{field}</code>" in text for field in BY_SLUG[slug].fields)
