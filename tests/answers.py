"""What every refusal must look like: an RFC 9457 problem that agrees with the table in `config/problems.py`."""

from typing import Any

from django.http import HttpResponseBase

from config.problems import CONTENT_TYPE, PROBLEMS

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
BY_SLUG = {problem.slug: problem for problem in PROBLEMS.values()}


def assert_problem(response: HttpResponseBase | Any, status: int, slug: str) -> dict[str, Any]:
    """Assert that the answer is this problem, whole and with no member that the table does not declare; return it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == CONTENT_TYPE
    problem = response.json()
    assert set(problem) == MEMBERS | set(BY_SLUG[slug].fields)
    assert (problem["type"], problem["status"]) == (f"/problems/{slug}/", status)
    assert problem["title"] == BY_SLUG[slug].title
    assert problem["detail"]
    assert problem["request_id"] == response["X-Request-ID"]
    return problem
