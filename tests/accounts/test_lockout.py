"""Guessing: five tries, then ever longer pauses, for strangers; the owner gets in all the same."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import lockout, tasks
from accounts.errors import TooManyAttempts, WrongCredentials
from accounts.models import Attempts, Factor, SecurityEvent, TokenFamily, User
from accounts.security_events import Origin
from orders.models import OutboxMessage
from tests.answers import assert_problem

API, PAGE = "/api/v1/auth/token/", "/account/log-in/"
NOW = timezone.now()
HOME, ELSEWHERE = Origin("192.0.2.1"), Origin("198.51.100.7")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def fail(account: str = "alice@example.com", origin: Origin = ELSEWHERE, now: datetime = NOW, **more: Any) -> None:
    more.setdefault("owner", User.objects.filter(email=account).first())
    with suppress(WrongCredentials), lockout.attempt("password", account, origin=origin, now=now, **more):
        raise WrongCredentials


def pause(account: str = "alice@example.com", origin: Origin = ELSEWHERE, now: datetime = NOW, **more: Any) -> int:
    """How long this caller has to wait; the try counts, if there is none."""
    try:
        fail(account, origin, now, **more)
    except TooManyAttempts as refusal:
        return refusal.retry_after
    return 0


RIGHT = "alice-shows-the-shop"


def log_in(password: str = RIGHT, address: str = "198.51.100.7", email: str = "alice@example.com") -> Any:
    body = {"email": email, "password": password}
    return APIClient(REMOTE_ADDR=address).post(API, body, format="json")


def strangers(count: int) -> list[Origin]:
    return [Origin(f"203.0.{number // 200}.{number % 200 + 1}") for number in range(count)]


@pytest.mark.roadmap("security/broken-authentication")
@pytest.mark.asvs("6.3.1")
def test_sixth_guess_is_not_looked_at_even_if_it_is_right(alice: User) -> None:
    for _ in range(5):
        assert_problem(log_in("wrong"), 401, "wrong-credentials")

    refusal = log_in()

    assert_problem(refusal, 429, "too-many-attempts")
    assert 0 < int(refusal["Retry-After"]) <= 60
    assert TokenFamily.objects.count() == 0


def test_unknown_address_is_locked_the_same(alice: User) -> None:
    answers = [[log_in("wrong", email=f"{who}@example.com") for _ in range(7)] for who in ("alice", "nobody")]

    known, unknown = [[(answer.status_code, answer.json()["type"]) for answer in row] for row in answers]
    assert known == unknown
    assert known[-1] == (429, "/problems/too-many-attempts/")


def test_each_further_failure_doubles_the_pause_up_to_an_hour(alice: User) -> None:
    now, pauses = NOW, []
    for _ in range(5):
        fail(now=now)

    for _ in range(9):
        pauses.append(pause(now=now))
        now += timedelta(seconds=pauses[-1])
        fail(now=now)

    assert [seconds // 60 for seconds in pauses] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_failures_are_forgotten_one_in_two_hours(alice: User) -> None:
    for _ in range(5):
        fail()

    later = NOW + timedelta(hours=4, seconds=1)
    assert [pause(now=later) for _ in range(3)] == [0, 0, 60]
    assert lockout.forget_old(now=NOW + timedelta(hours=5)) == 1, "the network's"
    assert lockout.forget_old(now=NOW + timedelta(hours=30)) == 2, "the pair's, and the account's"


def test_no_number_of_failures_is_remembered_longer_than_a_day(alice: User) -> None:
    now = NOW
    for _ in range(40):
        now += timedelta(seconds=pause(now=now))

    assert Attempts.objects.latest("owed_until").owed_until - now <= 26 * timedelta(hours=2)
    assert pause(now=now + timedelta(hours=22)) == 0


def test_success_clears_the_callers_own_count(alice: User) -> None:
    for _ in range(3):
        assert [log_in("wrong").status_code for _ in range(4)] == [401] * 4
        assert log_in().status_code == 200


def test_account_of_ones_own_does_not_wash_the_network_clean(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "NETWORK", lockout.Rule(8, HOUR))

    tries = []
    for number in range(12):
        tries.append(log_in("wrong", email=f"victim-{number}@example.com").status_code)
        log_in("bob-shows-the-shop", email="bob@example.com")

    assert tries == [401] * 8 + [429] * 4


@pytest.mark.asvs("6.3.1")
def test_guesser_with_a_thousand_addresses_gets_twenty_tries(alice: User) -> None:
    refused = [pause(origin=stranger) > 0 for stranger in strangers(60)]

    assert refused == [False] * 20 + [True] * 40


@pytest.mark.roadmap("security/broken-authentication")
def test_under_that_attack_the_owner_gets_in_where_they_are_known(alice: User) -> None:
    browser = Client(REMOTE_ADDR="192.0.2.9")
    browser.post(PAGE, {"email": alice.email, "password": "alice-shows-the-shop"})
    assert log_in(address="192.0.2.1").status_code == 200
    for stranger in strangers(25):
        with suppress(TooManyAttempts):
            fail(origin=stranger, now=timezone.now())

    program, stranger_with_password = log_in(address="192.0.2.1"), log_in(address="203.0.113.250")
    browser.defaults["REMOTE_ADDR"] = "203.0.113.251"  # the same laptop in a café
    page = browser.post(PAGE, {"email": alice.email, "password": "alice-shows-the-shop"})

    assert (program.status_code, page.status_code, stranger_with_password.status_code) == (200, 302, 429)


def test_neighbour_who_fills_the_networks_counts_does_not_shut_out_a_known_browser(alice: User) -> None:
    browser = Client(REMOTE_ADDR="192.0.2.9")
    right = {"email": alice.email, "password": "alice-shows-the-shop"}
    browser.post(PAGE, right)

    neighbour = [log_in("wrong", address="192.0.2.9").status_code for _ in range(7)]

    assert neighbour == [401] * 5 + [429] * 2
    assert browser.post(PAGE, right).status_code == 302


def test_known_browser_has_no_more_tries_than_a_stranger(alice: User) -> None:
    browser = Client()
    browser.post(PAGE, {"email": alice.email, "password": "alice-shows-the-shop"})

    answers = [browser.post(PAGE, {"email": alice.email, "password": "wrong"}) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert b"Try again in 1 minute." in answers[-1].content
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


FORGED = [lambda cookie, bob: f"{bob.pk}:abc", lambda cookie, bob: cookie + "x", lambda *_: ""]


@pytest.mark.parametrize("forge", FORGED)
def test_device_that_is_not_the_accounts_is_a_stranger(alice: User, bob: User, forge: Callable[..., str]) -> None:
    browser = Client()
    browser.post(PAGE, {"email": alice.email, "password": "alice-shows-the-shop"})
    cookie = browser.cookies[settings.DEVICE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    for _ in range(5):
        log_in("wrong", address="127.0.0.1", email=bob.email)

    known_to_alice = browser.post(PAGE, {"email": bob.email, "password": "wrong"})
    browser.cookies[settings.DEVICE_COOKIE_NAME] = forge(cookie.value, bob)
    forged = browser.post(PAGE, {"email": bob.email, "password": "wrong"})

    assert (known_to_alice.status_code, forged.status_code) == (429, 429)


@pytest.mark.parametrize(("theirs", "tries"), [("2001:db8:0:1:{:x}::", 5), ("2001:db8:0:{:x}::1", 12)])
def test_one_ipv6_customer_is_one_network(alice: User, theirs: str, tries: int) -> None:
    heard = [pause(origin=Origin(theirs.format(number))) == 0 for number in range(1, 13)]

    assert sum(heard) == tries


def test_known_network_may_be_of_either_kind(alice: User) -> None:
    for address, same in [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::ffff")]:
        assert log_in(address=address).status_code == 200
        assert lockout._is_known(alice, Origin(same), timezone.now())
    assert not lockout._is_known(alice, Origin("192.0.2.2"), timezone.now())
    assert not lockout._is_known(alice, Origin(None), timezone.now())
    assert not lockout._is_known(alice, HOME, timezone.now() + timedelta(days=31))


def test_locked_caller_costs_no_hash(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    encode = hashers.MD5PasswordHasher.encode
    counting: Any = lambda self, password, salt: hashed.append(salt) or encode(self, password, salt)  # noqa: E731
    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counting)

    for _ in range(9):
        log_in("wrong")

    assert len(hashed) == 5


def test_lock_is_written_down_and_the_owner_is_told_once(alice: User) -> None:
    now = NOW
    for _ in range(5):
        fail(now=now)
    for _ in range(3):
        now += timedelta(seconds=pause(now=now))
        fail(now=now)

    events = SecurityEvent.objects.filter(kind="locked", user=alice, address=ELSEWHERE.address)
    assert [event.details["seconds"] for event in events.order_by("id")] == [60, 120, 240, 480]
    letters = OutboxMessage.objects.filter(topic="mail.account")
    assert [(letter.payload["kind"], letter.payload["to"]) for letter in letters] == [("locked", alice.email)]


def test_clock_drops_what_says_nothing_any_more(alice: User) -> None:
    fail(now=NOW - timedelta(days=2))
    fail("bob@example.com", now=timezone.now())
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - HOUR)

    tasks.forget_what_has_ended.apply(throw=True)

    assert Attempts.objects.count() == 3
    assert not Session.objects.filter(session_key="old").exists()


def test_browser_is_known_only_after_the_code_where_one_is_asked_for(alice: User) -> None:
    browser = Client()
    Factor.objects.create(user=alice, secret="x", confirmed_at=NOW)

    answer = browser.post(PAGE, {"email": alice.email, "password": RIGHT})

    assert (answer.status_code, settings.DEVICE_COOKIE_NAME in browser.cookies) == (302, False)


@pytest.mark.parametrize("path", ["registrations/", "password-resets/"])
def test_network_may_have_twenty_letters_sent_then_one_in_three_minutes(db: None, path: str) -> None:
    client = APIClient(REMOTE_ADDR="198.51.100.7")
    answers = [
        client.post(f"/api/v1/auth/{path}", {"email": f"stranger-{n}@example.com"}, format="json") for n in range(22)
    ]

    assert {answer.status_code for answer in answers[:20]} == {202}
    assert_problem(answers[21], 429, "too-many-attempts")
    assert OutboxMessage.objects.count() == 20


@pytest.mark.asvs("6.3.1")
def test_device_keeps_its_count_over_logins_and_is_a_stranger_after_a_new_password(alice: User) -> None:
    browser = Client()
    names = []
    for _ in range(2):
        browser.post(PAGE, {"email": alice.email, "password": RIGHT})
        names.append(browser.cookies[settings.DEVICE_COOKIE_NAME].value.split(":")[1])
    assert names[0] == names[1]

    alice.set_password("a-fresh-and-long-one")
    alice.save()
    browser.post(PAGE, {"email": alice.email, "password": "a-fresh-and-long-one"})

    assert browser.cookies[settings.DEVICE_COOKIE_NAME].value.split(":")[1] != names[0]
