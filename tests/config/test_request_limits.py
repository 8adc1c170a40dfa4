"""Bodies that are too large or too deep are refused with a problem, before they cost anything."""

import pytest

from tests.answers import assert_problem

PATHS = ["/api/v1/auth/token/", "/api/v1/cart/lines/", "/api/v1/webhooks/payments/"]


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
