"""What happened to an account is shown to its owner, to nobody else, and to no program."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import security_events
from accounts.models import SecurityEvent, TokenFamily, User
from accounts.models.tokens import LoginKind
from accounts.security_events import Origin
from tests.answers import assert_problem
from tests.factories import browser_of

URL = "/api/v1/account/security-events/"
Api = Callable[..., APIClient]


@pytest.mark.roadmap("auth/user-authentication")
def test_owner_sees_what_happened_latest_first_and_nobody_elses(alice: User, bob: User, api: Api) -> None:
    security_events.record(SecurityEvent.Kind.LOGIN_FAILED, user=alice, origin=Origin("192.0.2.7", "curl"), by=7)
    security_events.record(SecurityEvent.Kind.LOCKED, user=bob)

    rows = api(alice).get(URL).json()["results"]

    assert [row["kind"] for row in rows] == ["login", "login-failed"]
    assert set(rows[1]) == {"kind", "at", "address", "agent"}
    assert (rows[1]["address"], rows[1]["agent"]) == ("192.0.2.7", "curl")


def test_list_comes_in_pages(alice: User, api: Api) -> None:
    for _ in range(3):
        security_events.record(SecurityEvent.Kind.LOGIN_FAILED, user=alice)
    client = api(alice)

    first = client.get(URL, {"page_size": 2}).json()

    assert len(first["results"]) == 2
    assert len(client.get(first["next"]).json()["results"]) == 2


def test_guest_sees_none(db: None, api: Api) -> None:
    assert_problem(api(None).get(URL), 401, "not-authenticated")


@pytest.mark.asvs("7.5.2")
@pytest.mark.roadmap("auth/cookies-and-session-ids")
def test_api_lists_browsers_and_ends_them(alice: User, bob: User, api: Api) -> None:
    browser, client = browser_of(alice), api(alice)
    kinds = {row["kind"]: row["id"] for row in client.get("/api/v1/auth/sessions/").json()["results"]}
    assert set(kinds) == {LoginKind.PAGES, LoginKind.API}

    assert_problem(api(bob).delete(f"/api/v1/auth/sessions/{kinds['pages']}/"), 404, "not-found")
    assert browser.get("/account/").status_code == 200
    assert client.delete(f"/api/v1/auth/sessions/{kinds['pages']}/").status_code == 204

    assert browser.get("/account/").status_code == 302
    assert not TokenFamily.objects.open().filter(pk=kinds["pages"]).exists()


def test_password_is_changed_in_one_place(carol: User) -> None:
    office: Client = browser_of(carol, methods=["pwd", "otp"])

    assert office.get("/admin/password_change/")["Location"] == "/account/password/"
