"""A browser's login: what its cookie is, when it ends, and that an id from before the login is worth nothing after."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import sessions, tokens
from accounts.models import SecurityEvent, TokenFamily, User
from accounts.security_events import NOWHERE
from tests.factories import browser_of

ACCOUNT, LOG_IN = "/account/", "/account/log-in/"
MINUTE = timedelta(minutes=1)


def is_in(client: Client) -> bool:
    return client.get(ACCOUNT).status_code == 200


def log_in(client: Client, who: str = "alice") -> str:
    """Log in by the page; return the session's id."""
    answer = client.post(LOG_IN, {"email": f"{who}@example.com", "password": f"{who}-shows-the-shop"})
    assert answer.status_code == 302, answer.content
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def request_of(client: Client) -> HttpRequest:
    request = HttpRequest()
    request.session = client.session
    request.user = sessions.user_of(request)
    return request


@pytest.mark.roadmap("auth/cookies-and-session-ids")
@pytest.mark.asvs("7.2.2", "7.2.3")
def test_cookie_is_a_random_id_that_scripts_cannot_read_and_ends_after_twelve_hours(alice: User) -> None:
    client = Client()

    ids = {log_in(client) for _ in range(3)}

    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert len(ids) == 3
    assert {len(one) for one in ids} == {32}  # of 36 signs each: 165 bits
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == 12 * 3600


@pytest.mark.asvs("7.2.1")
@pytest.mark.roadmap("auth/cookies-and-session-ids")
def test_cookie_with_one_sign_changed_is_nobodys(alice: User) -> None:
    client = Client()
    session_id = log_in(client)
    assert is_in(client)

    client.cookies[settings.SESSION_COOKIE_NAME] = session_id[:-1] + ("a" if session_id[-1] != "a" else "b")

    assert not is_in(client)


def plant(client: Client) -> str:
    """What an attacker does: get a session id from the shop, and see to it that the victim's browser carries it."""
    planted = client.session  # making one stores it
    planted["basket"] = "from the attacker"
    planted.save()
    return str(planted.session_key)


@pytest.mark.roadmap("auth/session-fixation")
@pytest.mark.asvs("7.2.4")
def test_id_that_was_planted_before_the_login_opens_nothing_after_it(alice: User) -> None:
    victim, attacker = Client(), Client()
    planted = plant(victim)
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted

    given = log_in(victim)

    assert given != planted
    assert is_in(victim)
    assert not is_in(attacker)
    assert "basket" not in victim.session


@pytest.mark.roadmap("auth/session-fixation")
def test_without_a_new_id_the_planted_one_would_be_alices(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the same attack on a login that keeps the id."""
    monkeypatch.setattr(SessionBase, "cycle_key", lambda self: None)
    monkeypatch.setattr(SessionBase, "flush", SessionBase.clear)
    monkeypatch.setattr("django.contrib.sessions.backends.cached_db.SessionStore.flush", SessionBase.clear)
    victim, attacker = Client(), Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = plant(victim)

    log_in(victim)

    assert is_in(attacker)


@pytest.mark.roadmap("auth/session-fixation")
@pytest.mark.asvs("7.2.4")
def test_more_rights_come_with_a_new_id(alice: User) -> None:
    client = browser_of(alice)
    copied = client.session.session_key
    request = request_of(client)

    sessions.step_up(request, ["pwd", "otp"])
    request.session.save()

    assert request.session.session_key != copied
    assert not client.session.exists(copied)
    assert TokenFamily.objects.get().methods == ["pwd", "otp"]


@pytest.mark.asvs("7.2.4")
def test_login_over_a_login_ends_the_first(alice: User, bob: User) -> None:
    client = Client()
    log_in(client)

    log_in(client, "bob")

    assert TokenFamily.objects.get(user=alice).ended_at
    assert b"bob@example.com" in client.get(ACCOUNT).content


@pytest.mark.roadmap("frameworks/session-management")
@pytest.mark.asvs("7.3.1", "7.3.2")
@pytest.mark.parametrize(
    ("uses", "is_open"),
    [
        ([29], True),
        ([31], False),  # idle too long
        ([29, 58, 87], True),  # each use starts the half hour anew
        ([29, 60], False),
        ([*range(20, 720, 20), 719], True),
        ([*range(20, 720, 20), 721], False),  # busy, and over after twelve hours all the same
    ],
)
def test_login_ends_after_half_an_hour_without_use_and_after_twelve_hours(
    alice: User, uses: list[int], is_open: bool
) -> None:
    began = timezone.now()
    client = browser_of(alice, now=began)

    for minute in uses:
        request = HttpRequest()
        request.session = client.session
        user = sessions.user_of(request, now=began + minute * MINUTE)

    assert user.is_authenticated is is_open
    assert (auth.SESSION_KEY in request.session) is is_open


def test_use_is_written_down_once_a_minute(alice: User) -> None:
    began = timezone.now()
    client, noted = browser_of(alice, now=began), []

    for seconds in (30, 61, 90):
        request = HttpRequest()
        request.session = client.session
        sessions.user_of(request, now=began + timedelta(seconds=seconds))
        noted.append((TokenFamily.objects.get().used_at - began).total_seconds())

    assert noted == [0, 61, 61]


ENDINGS: dict[str, Callable[[User], object]] = {
    "its row ends": lambda alice: TokenFamily.objects.update(ended_at=timezone.now()),
    "log-out everywhere": lambda alice: tokens.log_out_everywhere(alice, origin=NOWHERE),
    "the account is closed": lambda alice: User.objects.update(is_active=False),
    "the password changes": lambda alice: alice.set_password("another-one-of-alices") or alice.save(),
    "the row is gone": lambda alice: TokenFamily.objects.all().delete(),
}


@pytest.mark.roadmap("auth/server-side-session-stores")
@pytest.mark.asvs("7.4.1", "7.4.2")
@pytest.mark.parametrize("ending", ENDINGS)
def test_session_is_thrown_away_at_the_next_request_when(alice: User, ending: str) -> None:
    client = browser_of(alice)
    session_id = client.session.session_key
    assert is_in(client)

    ENDINGS[ending](alice)

    assert not is_in(client)
    assert not client.session.exists(session_id)


def test_session_without_a_login_is_thrown_away(alice: User) -> None:
    """What `Client.force_login` makes, and whoever can write into the session's store."""
    client = Client()
    client.force_login(alice)
    assert not is_in(client)

    for forged in ("", "nonsense", "00000000-0000-4000-8000-000000000000"):
        client.force_login(alice)
        session = client.session
        session[sessions.LOGIN] = forged
        session.save()
        assert not is_in(client)


def test_session_with_somebody_elses_login_is_thrown_away(alice: User, bob: User) -> None:
    client = browser_of(alice)
    browser_of(bob)
    session = client.session
    session[sessions.LOGIN] = str(TokenFamily.objects.get(user=bob).pk)
    session.save()

    assert not is_in(client)


def test_one_login_may_stay_when_the_others_end(alice: User) -> None:
    stays, goes = browser_of(alice), browser_of(alice)

    ended = tokens.log_out_everywhere(
        alice, origin=NOWHERE, but=TokenFamily.objects.get(pk=stays.session[sessions.LOGIN]).pk
    )

    assert (ended, is_in(stays), is_in(goes)) == (1, True, False)


def test_program_with_a_bearer_token_asks_no_session(alice: User, api: Callable[[User | None], APIClient]) -> None:
    client = api(alice)
    client.cookies[settings.SESSION_COOKIE_NAME] = browser_of(alice).session.session_key

    with CaptureQueriesContext(connection) as captured:
        assert client.get("/api/v1/auth/sessions/").status_code == 200

    assert not [query for query in captured if "django_session" in query["sql"]]


def test_session_opens_no_api(alice: User) -> None:
    """The API is for tokens: whatever page sends a browser there, its cookie says nothing."""
    assert browser_of(alice).get("/api/v1/orders/").status_code == 401


@pytest.mark.parametrize("password", ["wrong", ""])
def test_failed_login_is_written_down(alice: User, password: str) -> None:
    client = Client()

    answer = client.post(LOG_IN, {"email": "Alice@example.com", "password": password})

    assert answer.status_code == 200
    assert not is_in(client)
    events = SecurityEvent.objects.filter(kind="login-failed", user=alice)
    assert events.count() == (1 if password else 0)
