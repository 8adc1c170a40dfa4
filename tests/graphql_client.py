"""Asks GraphQL as a client does."""

from typing import Any

from rest_framework.test import APIClient

from config.problems import PROBLEMS

BY_SLUG = {problem.slug: problem for problem in PROBLEMS.values()}


def ask(client: APIClient, query: str, **variables: Any) -> dict[str, Any]:
    """Return the data of a document that must run without errors."""
    answer = client.post("/graphql/", {"query": query, "variables": variables}, format="json")
    assert answer.status_code == 200, answer.content
    said: dict[str, Any] = answer.json()
    assert "errors" not in said, said["errors"]
    data: dict[str, Any] = said["data"]
    return data


def refused(client: APIClient, query: str, slug: str, **variables: Any) -> dict[str, Any]:
    """Return the one problem in `extensions`, which must be of this kind and whole."""
    answer = client.post("/graphql/", {"query": query, "variables": variables}, format="json")
    [error] = answer.json()["errors"]
    problem: dict[str, Any] = error["extensions"]
    assert problem["type"] == f"/problems/{slug}/", problem
    assert error["message"] == problem["detail"]
    assert problem["status"] == BY_SLUG[slug].status
    assert problem["request_id"] == answer["X-Request-ID"]
    assert set(BY_SLUG[slug].fields) <= set(problem)
    return problem
