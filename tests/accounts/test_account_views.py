"""Logging in over HTTP: a pair of tokens, or a refusal that does not say what was wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import SecurityEvent, TokenFamily, User
from tests.answers import assert_problem
from tests.conftest import LettersSent

LOG_IN, REFRESH, ORDERS = "/api/v1/auth/token/", "/api/v1/auth/token/refresh/", "/api/v1/orders/"
SESSIONS = "/api/v1/auth/sessions/"

Api = Callable[[User | None], APIClient]


@pytest.fixture
def guest(db: None, api: Api) -> APIClient:
    return api(None)


def log_in(client: APIClient, email: str = "alice@example.com", password: str = "alice-shows-the-shop") -> Any:
    return client.post(LOG_IN, {"email": email, "password": password}, format="json")


def call_with(client: APIClient, token: str) -> Any:
    return client.get(ORDERS, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@Example.com"])
def test_address_and_password_become_tokens_that_open_the_api(guest: APIClient, alice: User, email: str) -> None:
    answer = log_in(guest, email)

    assert (answer.status_code, set(answer.json())) == (200, {"access", "refresh"})
    assert call_with(guest, answer.json()["access"]).status_code == 200


@pytest.mark.roadmap("security/broken-authentication")
def test_nothing_tells_whether_an_address_is_registered(guest: APIClient, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    tries = [("alice@example.com", "wrong"), ("nobody@example.com", "wrong"), ("bob@example.com", "bob-shows-the-shop")]

    answers = [assert_problem(log_in(guest, *attempt), 401, "wrong-credentials") for attempt in tries]

    assert len({(answer["detail"], answer["title"]) for answer in answers}) == 1


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"#/email", "#/password"}),
        ({"email": "alice", "password": "x"}, {"#/email"}),
        ({"email": "a@example.com", "password": "x" * 129}, {"#/password"}),
        ({"email": "a@example.com", "password": "nul\x00"}, {"#/password"}),
        ({"email": ["a@example.com"], "password": {}}, {"#/email", "#/password"}),
    ],
)
def test_what_is_wrong_with_the_form_is_pointed_at(guest: APIClient, body: Any, pointers: set[str]) -> None:
    problem = assert_problem(guest.post(LOG_IN, body, format="json"), 400, "validation-failed")

    assert {error["pointer"] for error in problem["errors"]} == pointers


def test_refresh_token_gets_the_next_pair(guest: APIClient, alice: User) -> None:
    refresh = log_in(guest).json()["refresh"]

    answer = guest.post(REFRESH, {"refresh": refresh}, format="json")

    assert set(answer.json()) == {"access", "refresh"}
    assert answer.json()["refresh"] != refresh
    assert call_with(guest, answer.json()["access"]).status_code == 200


@pytest.mark.roadmap("auth/access-and-refresh-tokens", "auth/jwt-security")
def test_refresh_token_that_comes_twice_ends_the_login_and_its_owner_is_told(
    guest: APIClient, alice: User, letters_sent: LettersSent
) -> None:
    stolen = log_in(guest).json()["refresh"]
    renewed = guest.post(REFRESH, {"refresh": stolen}, format="json").json()

    assert_problem(guest.post(REFRESH, {"refresh": stolen}, format="json"), 401, "token-reused")

    assert_problem(guest.post(REFRESH, {"refresh": renewed["refresh"]}, format="json"), 401, "invalid-token")
    assert_problem(call_with(guest, renewed["access"]), 401, "invalid-token")
    assert [(letter.to, letter.subject) for letter in letters_sent()] == [
        ([alice.email], "Somebody may be using your account")
    ]
    assert alice.security_events.filter(kind="token-reused").count() == 1


@pytest.mark.roadmap("auth/jwt-security")
def test_sessions_are_listed_and_ended_one_by_one_or_all(guest: APIClient, alice: User, api: Api) -> None:
    phone, laptop = (log_in(guest).json()["access"] for _ in range(2))
    as_laptop = {"Authorization": f"Bearer {laptop}"}
    listed = guest.get(SESSIONS, headers=as_laptop).json()["results"]

    assert [session["is_current"] for session in listed] == [True, False]
    assert guest.delete(f"{SESSIONS}{listed[1]['id']}/", headers=as_laptop).status_code == 204
    assert_problem(call_with(guest, phone), 401, "invalid-token")
    assert guest.delete(SESSIONS, headers=as_laptop).status_code == 204
    assert_problem(call_with(guest, laptop), 401, "invalid-token")


@pytest.mark.roadmap("security/broken-access-control")
def test_somebody_elses_login_does_not_exist(guest: APIClient, alice: User, bob: User, api: Api) -> None:
    hers = log_in(guest).json()["access"]
    login = TokenFamily.objects.get(user=alice)

    assert_problem(api(bob).delete(f"{SESSIONS}{login.pk}/"), 404, "not-found")
    assert call_with(guest, hers).status_code == 200


def test_token_of_somebody_who_was_locked_out_opens_nothing(guest: APIClient, alice: User) -> None:
    tokens = log_in(guest).json()
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert_problem(call_with(guest, tokens["access"]), 401, "invalid-token")
    assert_problem(guest.post(REFRESH, {"refresh": tokens["refresh"]}, format="json"), 401, "invalid-token")


def test_refresh_token_of_somebody_who_was_deleted_is_refused(guest: APIClient, alice: User) -> None:
    refresh = log_in(guest).json()["refresh"]
    alice.delete()

    assert_problem(guest.post(REFRESH, {"refresh": refresh}, format="json"), 401, "invalid-token")


@pytest.mark.parametrize("refresh", ["nonsense", "a.b.c", "é.é.é"])
def test_bad_refresh_token_is_refused(guest: APIClient, refresh: str) -> None:
    assert_problem(guest.post(REFRESH, {"refresh": refresh}, format="json"), 401, "invalid-token")


def test_access_token_does_not_refresh(guest: APIClient, alice: User) -> None:
    access = log_in(guest).json()["access"]

    assert_problem(guest.post(REFRESH, {"refresh": access}, format="json"), 401, "invalid-token")


def test_wrong_password_is_written_down_with_where_it_came_from(guest: APIClient, alice: User) -> None:
    log_in(guest, password="wrong")
    log_in(guest, email="nobody@example.com")

    assert [event.user for event in SecurityEvent.objects.filter(kind="login-failed")] == [None, alice]
    assert alice.security_events.get().address == "127.0.0.1"
