"""Logging in over HTTP: a pair of tokens, or a refusal that does not say what was wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import User
from tests.answers import assert_problem

LOG_IN, REFRESH, ORDERS = "/api/v1/auth/token/", "/api/v1/auth/token/refresh/", "/api/v1/orders/"

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


def test_refresh_token_gets_a_new_access_token(guest: APIClient, alice: User) -> None:
    refresh = log_in(guest).json()["refresh"]

    answer = guest.post(REFRESH, {"refresh": refresh}, format="json")

    assert call_with(guest, answer.json()["access"]).status_code == 200


def stale(token: Any) -> str:
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


BAD_ACCESS: list[Callable[[User], str]] = [
    lambda user: "nonsense",
    lambda user: str(AccessToken.for_user(user))[:-4] + "AAAA",
    lambda user: stale(AccessToken.for_user(user)),
    lambda user: str(RefreshToken.for_user(user)),
    lambda user: str(AccessToken.for_user(User(pk=0))),
    lambda user: "\x00",
]


@pytest.mark.roadmap("auth/jwt-issue-and-verify")
@pytest.mark.parametrize("make", BAD_ACCESS, ids=["nonsense", "forged", "stale", "refresh", "nobody", "nul"])
def test_token_that_is_not_a_sound_access_token_opens_nothing(
    guest: APIClient, alice: User, make: Callable[[User], str]
) -> None:
    answer = call_with(guest, make(alice))

    assert_problem(answer, 401, "invalid-token")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_token_of_somebody_who_was_locked_out_opens_nothing(guest: APIClient, alice: User) -> None:
    tokens = log_in(guest).json()
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert_problem(call_with(guest, tokens["access"]), 401, "invalid-token")
    assert_problem(guest.post(REFRESH, {"refresh": tokens["refresh"]}, format="json"), 401, "invalid-token")


def test_refresh_token_of_somebody_who_was_deleted_is_refused(guest: APIClient, alice: User) -> None:
    refresh = log_in(guest).json()["refresh"]
    alice.delete()

    assert_problem(guest.post(REFRESH, {"refresh": refresh}, format="json"), 401, "invalid-token")


@pytest.mark.parametrize("refresh", ["nonsense", "a.b.c"])
def test_bad_refresh_token_is_refused(guest: APIClient, refresh: str) -> None:
    assert_problem(guest.post(REFRESH, {"refresh": refresh}, format="json"), 401, "invalid-token")
