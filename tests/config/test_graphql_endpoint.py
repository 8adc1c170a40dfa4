"""One document in, one answer out: what is run, what is refused, what may be kept, and what nobody is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from accounts.models import User
from config.graphql import documents
from shop.schema import catalogue
from tests.answers import assert_problem
from tests.factories import product
from tests.graphql_client import ask, refused

URL = "/graphql/"
Api = Callable[[User | None], APIClient]
pytestmark = pytest.mark.roadmap("api/graphql-server-libraries", "api/graphql-queries-and-mutations")


@pytest.fixture
def guest(db: None, api: Api) -> APIClient:
    return api(None)


def test_guest_and_customer_are_told_who_they_are(guest: APIClient, alice: User, api: Api) -> None:
    assert ask(guest, "{ me { email } }") == {"me": None}
    assert ask(api(alice), "{ me { email name } }") == {"me": {"email": "alice@example.com", "name": "Alice"}}


def test_bad_token_is_the_same_problem_as_in_rest(guest: APIClient) -> None:
    answer = guest.post(URL, {"query": "{ me { email } }"}, format="json", headers={"Authorization": "Bearer nonsense"})

    assert_problem(answer, 401, "invalid-token")


@pytest.mark.parametrize(
    ("document", "slug"),
    [
        ("{ me { email ", "invalid-document"),
        ("{ me { password } }", "invalid-document"),
        ("{ me { email } } { me { email } }", "invalid-document"),
        ("", "validation-failed"),
        ("{ " * 500 + "}" * 500, "invalid-document"),
        ("{ me { ...F } } fragment F on User { ...F }", "invalid-document"),
        ("{ " + "me { email } " * 600 + "}", "invalid-document"),
        ("{ " + " ".join(f"m{n}: me {{ email }}" for n in range(40)) + " }", "document-too-dear"),
        ("{ me { email\x00 } }", "validation-failed"),
    ],
    ids=["unfinished", "unknown field", "two without names", "empty", "braces", "circle", "long", "aliases", "NUL"],
)
def test_document_that_cannot_be_run_is_a_400(guest: APIClient, document: str, slug: str) -> None:
    answer = guest.post(URL, {"query": document}, format="json")

    assert answer.status_code == 400
    said = answer.json()
    assert "data" not in said
    types = (
        {error["extensions"]["type"] for error in said["errors"]}
        if "errors" in said and "type" not in said
        else {said["type"]}
    )
    assert types == {f"/problems/{slug}/"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"query": "{ me { email } }"}],
        {},
        {"query": "{ me { email } }", "id": "0" * 64},
        {"id": "0" * 64},
        {"id": "../../etc/passwd"},
        {"query": "{ me { email } }", "variables": [1]},
        {"query": "{ me { email } }", "user": 1},
        {"query": "x" * 8_001},
    ],
    ids=["list", "batch", "nothing", "both", "unknown id", "path", "variables", "stranger", "long"],
)
def test_body_that_is_no_question_is_pointed_at(guest: APIClient, body: Any) -> None:
    assert_problem(guest.post(URL, body, format="json"), 400, "validation-failed")


def test_wrong_variable_is_named(guest: APIClient) -> None:
    problem = refused(
        guest, "query Q($n: Int!) { products(first: $n) { edges { cursor } } }", "invalid-document", n="three"
    )

    assert "$n" in problem["detail"]


@pytest.mark.roadmap("api/graphql-schema-and-resolvers")
@override_settings(GRAPHQL_INTROSPECTION=False)
def test_schema_is_read_only_where_it_is_allowed(guest: APIClient) -> None:
    refused(guest, "{ __schema { __typename } }", "invalid-document")
    assert ask(guest, "{ __typename }") == {"__typename": "Query"}


def test_get_runs_queries_and_no_mutations(guest: APIClient) -> None:
    product(sku="THING")

    assert guest.get(URL, {"query": "{ __typename }"}).json() == {"data": {"__typename": "Query"}}
    answer = guest.get(URL, {"query": 'mutation { addToCart(sku: "THING") { cart { lines { id } } } }'})
    assert_problem(answer, 405, "method-not-allowed")


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ({"query": "{ categories { slug } }"}, "public, max-age=30"),
        ({"query": "{ categories { slug } me { email } }"}, "no-store"),
        ({"query": "{ cart { lines { id } } }"}, "no-store"),
        ({"query": "{ ...F } fragment F on Query { me { email } }"}, "no-store"),
        ({"query": "{ products(first: 0) { edges { cursor } } }"}, "no-store"),
    ],
)
def test_only_what_is_the_same_for_everybody_may_be_kept(guest: APIClient, question: dict[str, str], kept: str) -> None:
    answer = guest.get(URL, question)

    assert answer["Cache-Control"] == kept
    assert ("X-Cart-Token" in answer) == (kept == "no-store")
    assert guest.post(URL, question, format="json")["Cache-Control"] == "no-store"


def test_known_document_is_run_by_its_name(guest: APIClient) -> None:
    for name, text in documents.known().items():
        assert name == documents.name_of(text)
    [name] = [name for name, text in documents.known().items() if "query Categories" in text]

    assert guest.get(URL, {"id": name}).json() == {"data": {"categories": []}}


@override_settings(GRAPHQL_KNOWN_ONLY=True)
def test_where_only_known_documents_are_run_no_other_is(guest: APIClient) -> None:
    [text] = [text for text in documents.known().values() if "query Categories" in text]

    assert_problem(guest.post(URL, {"query": "{ __typename }"}, format="json"), 400, "validation-failed")
    assert ask(guest, text) == {"categories": []}


def test_fault_of_ours_is_told_to_the_log_and_to_nobody_else(
    guest: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ids: list[int]) -> dict[int, Any]:
        raise RuntimeError("the secret of the house")

    product()
    monkeypatch.setattr(catalogue, "categories", broken)

    problem = refused(guest, "{ products { edges { node { category { slug } } } } }", "internal-error")

    assert "secret" not in json.dumps(problem)
    assert "the secret of the house" in caplog.text


def test_one_field_fails_and_the_others_are_answered(guest: APIClient) -> None:
    answer = guest.post(URL, {"query": '{ me { email } order(number: "X") { number } }'}, format="json")

    assert answer.status_code == 200
    assert answer.json()["data"] == {"me": None, "order": None}
    assert answer.json()["errors"][0]["extensions"]["type"] == "/problems/not-authenticated/"
    assert answer.json()["errors"][0]["path"] == ["order"]


def test_text_that_comes_again_is_neither_read_nor_checked_again(
    guest: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    product()
    text = "query ($most: Int) { products(first: $most) { edges { node { sku name slug } } } }"
    documents.read.cache_clear()
    documents.require_valid.cache_clear()
    asked: list[str] = []
    checked = documents.validate
    monkeypatch.setattr(documents, "validate", lambda *rest, **more: asked.append(text) or checked(*rest, **more))

    first, second = (guest.post(URL, {"query": text, "variables": {"most": most}}, format="json") for most in (1, 2))

    assert first.json() == second.json()
    assert "errors" not in first.json()
    assert asked == [text]
    assert documents.read.cache_info()[:2] == (2, 1), "hits: the check, and the second request"


def test_what_is_refused_is_refused_again(guest: APIClient) -> None:
    for text, words in (
        ("{ nothing }", "Cannot query field"),
        ("{ products {", "Syntax Error"),
        ("{ " + "me { name } " * 90 + "}", "Ask for less at once"),
    ):
        for _ in range(2):
            answer = guest.post(URL, {"query": text}, format="json")
            assert answer.status_code == 400
            assert words in str(answer.json())


@override_settings(GRAPHQL_INTROSPECTION=False)
def test_what_was_valid_under_other_rules_is_checked_anew(guest: APIClient) -> None:
    text = "{ __schema { queryType { name } } }"
    with override_settings(GRAPHQL_INTROSPECTION=True):
        assert guest.post(URL, {"query": text}, format="json").status_code == 200

    assert guest.post(URL, {"query": text}, format="json").status_code == 400
