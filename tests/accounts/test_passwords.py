"""Passwords: what the policy refuses wherever one is chosen, and how hashes are made, salted and made anew."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from rest_framework.test import APIClient

from accounts import passwords
from accounts.errors import WeakPassword
from accounts.letters import links
from accounts.models import UsedPassword, User
from config.settings import base
from tests.answers import assert_problem
from tests.factories import office_of, person

pytestmark = pytest.mark.django_db
GOOD = "a desk made of walnut"
Api = Callable[[User | None], APIClient]

REFUSED = [
    ("elevenchars", "at least 12"),
    ("x1y2z3w4v5" * 13, "at most 128"),
    ("qwertyuiop123", "too common"),
    ("Football-2026!", "too common"),
    ("sunshinesunshine", "too common"),
    ("abcabcabcabcabc", "too common"),
    ("alice@example", "too similar"),
    ("Roadmap-Shop-2026", "everybody would try"),
    ("alice-shows-the-shop", "one of your last 5"),
]


@pytest.fixture
def argon(settings: Any) -> None:
    """The real hashers, as cheap as Argon2 gets."""
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS
    settings.ARGON2 = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}


def change(client: APIClient, new: str) -> Any:
    body = {"current_password": "alice-shows-the-shop", "new_password": new}
    return client.post("/api/v1/account/password/", body, format="json")


def reset(client: APIClient, user: User, new: str) -> Any:
    token = links.token(links.PASSWORD_RESET, user=user.pk, mark=links.mark(links.PASSWORD_RESET, user))
    body = {"token": token, "password": new}
    return client.post("/api/v1/auth/password-resets/confirmation/", body, format="json")


def register(client: APIClient, new: str) -> Any:
    body = {"token": links.token(links.REGISTRATION, email="alice@example.com"), "name": "Alice", "password": new}
    return client.post("/api/v1/auth/registrations/confirmation/", body, format="json")


def weak(answer: Any) -> str:
    return " ".join(assert_problem(answer, 422, "weak-password")["reasons"])


@pytest.mark.roadmap("auth/password-policy")
@pytest.mark.asvs("6.2.1", "6.2.11")
@pytest.mark.parametrize(("password", "reason"), REFUSED)
def test_bad_password_is_refused_at_change_reset_and_registration(
    password: str, reason: str, alice: User, api: Api
) -> None:
    if len(password) > passwords.LONGEST:  # the shape of the body says so already
        for answer in (change(api(alice), password), reset(api(None), alice, password)):
            assert_problem(answer, 400, "validation-failed")
        return

    assert reason in weak(change(api(alice), password))
    assert reason in weak(reset(api(None), alice, password))
    alice.delete()
    if "last" not in reason:
        assert reason in weak(register(api(None), password))


@pytest.mark.roadmap("auth/password-policy")
@pytest.mark.parametrize(("password", "reason"), REFUSED)
def test_bad_password_is_refused_in_the_admin(password: str, reason: str, alice: User, carol: User) -> None:
    body = {"password1": password, "password2": password}

    page = office_of(carol).post(f"/admin/accounts/user/{alice.pk}/password/", body)

    assert reason in page.content.decode()
    assert User.objects.get(pk=alice.pk).password == alice.password


@pytest.mark.roadmap("auth/password-policy")
@pytest.mark.asvs("6.2.5", "6.2.9")
@pytest.mark.parametrize(
    "password",
    ["a a a bb ccc", "läuft wie geölt", "🔥🚗🐟🌳🎈" * 25, "837465920173", "x1y2z3w4" * 16, "  spaces around  "],
)
def test_any_composition_is_welcome_and_counts_in_code_points(password: str, alice: User) -> None:
    passwords.require_good(password, alice)


@pytest.mark.roadmap("auth/password-policy")
@pytest.mark.asvs("6.2.8")
@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("café au lait du soir", "cafe\u0301 au lait du soir"),
        (GOOD, f"{GOOD} "),
        (GOOD, GOOD.title()),
        ("x" * 128, "x" * 127),
    ],
)
def test_password_is_verified_exactly_as_it_was_chosen(chosen: str, typed: str, argon: None) -> None:
    alice = User.objects.create_user("a@example.com", chosen)

    assert alice.check_password(chosen)
    assert not alice.check_password(typed)


@pytest.mark.roadmap("auth/password-policy")
def test_sixth_password_before_the_present_one_may_come_back(alice: User) -> None:
    for number in range(5):
        with pytest.raises(WeakPassword, match="last 5"):
            passwords.require_good("alice-shows-the-shop", alice)
        alice.set_password(f"{GOOD}, number {number}")
        alice.save()

    passwords.require_good("alice-shows-the-shop", alice)
    assert UsedPassword.objects.filter(user=alice).count() == 5


def test_password_of_somebody_else_is_nobodys_business(alice: User, bob: User) -> None:
    passwords.require_good("alice-shows-the-shop", bob)


@pytest.mark.asvs("11.4.2")
@pytest.mark.roadmap("auth/password-hashing")
def test_argon2id_is_made_at_the_cost_of_the_settings(argon: None, settings: Any) -> None:
    settings.ARGON2 = {"time_cost": 2, "memory_cost": 64, "parallelism": 1}

    assert make_password(GOOD).startswith("argon2$argon2id$v=19$m=64,t=2,p=1$")


@pytest.mark.roadmap("auth/password-hashing")
@pytest.mark.parametrize("path", base.PASSWORD_HASHERS)
def test_hash_of_any_kind_is_verified_and_made_anew_by_the_login(
    path: str, argon: None, settings: Any, api: Api
) -> None:
    settings.PASSWORD_HASHERS = [path]
    settings.ARGON2 = settings.ARGON2 | {"time_cost": 2}
    alice = person("alice")
    settings.PASSWORD_HASHERS, settings.ARGON2 = base.PASSWORD_HASHERS, settings.ARGON2 | {"time_cost": 1}

    answer = api(None).post(
        "/api/v1/auth/token/", {"email": alice.email, "password": "alice-shows-the-shop"}, format="json"
    )

    assert answer.status_code == 200
    renewed = User.objects.get().password
    assert renewed.startswith("argon2$argon2id$v=19$m=8,t=1,p=1$")
    assert renewed != alice.password
    assert not UsedPassword.objects.filter(password=renewed).exists()  # the same password is no new one


@pytest.mark.parametrize("path", base.PASSWORD_HASHERS)
def test_wrong_password_is_refused_by_every_hasher_and_changes_nothing(path: str, argon: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [path]
    alice = person("alice")
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS

    assert not alice.check_password("alice-shows-the-shop!")
    assert User.objects.get().password == alice.password


@pytest.mark.roadmap("auth/password-salting")
@pytest.mark.parametrize("path", base.PASSWORD_HASHERS)
def test_same_password_of_two_people_has_two_hashes(path: str, argon: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [path]
    hashes = [User.objects.create_user(f"{name}@example.com", GOOD).password for name in ("a", "b")]
    salts = {identify_hasher(encoded).decode(encoded)["salt"] for encoded in hashes}

    assert len({*hashes, *salts}) == 4
    assert all(len(salt) >= 22 for salt in salts)  # 22 letters and digits, or 22 of base64: 128 bits
