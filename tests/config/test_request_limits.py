"""Bodies that are too large, too deep or in an odd encoding are refused with a problem, before they cost anything."""

import time
from wsgiref.util import setup_testing_defaults

import pytest

from config.wsgi import application
from tests.answers import assert_problem

PATHS = ["/api/v1/auth/token/", "/api/v1/cart/lines/", "/api/v1/webhooks/payments/"]


@pytest.mark.roadmap("security/dos-protection")
@pytest.mark.parametrize("path", PATHS)
def test_body_over_a_megabyte_is_refused(api, path: str) -> None:
    answer = api(None).generic("POST", path, b'{"email": "' + b"a" * 1_000_000 + b'"}', "application/json")

    assert_problem(answer, 413, "body-too-large")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_body_nested_too_deeply_is_refused(api, db: None, opening: str) -> None:
    answer = api(None).generic("POST", "/api/v1/cart/lines/", opening * 100_000, "application/json")

    assert_problem(answer, 400, "malformed-body")


def test_length_that_is_no_number_is_refused(api) -> None:
    answer = api(None).generic("POST", PATHS[0], b"{}", "application/json", CONTENT_LENGTH="-1")

    assert_problem(answer, 413, "body-too-large")


def test_body_is_utf_8_whatever_the_caller_calls_it(api) -> None:
    """Punycode takes time that grows with the square of the length: seconds of our processor for half a megabyte."""
    began = time.process_time()
    answer = api(None).generic("POST", PATHS[0], b"a" * 400_000, "application/json; charset=punycode")

    assert_problem(answer, 400, "malformed-body")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("charset", ["zlib", "punycode", "idna", "utf-16", "no-such-charset"])
def test_query_is_utf_8_whatever_the_caller_calls_it(charset: str) -> None:
    """Django reads the charset before any middleware is asked, so this begins where the application server does."""
    environ = {"QUERY_STRING": "search=%C3%BC", "CONTENT_TYPE": f"text/plain; charset={charset}"}
    setup_testing_defaults(environ)

    request = application.request_class(environ)

    assert (request.GET["search"], request.content_type) == ("ü", "text/plain")
