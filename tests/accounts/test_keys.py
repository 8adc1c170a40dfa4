"""The keys that sign: shown before they sign and until nothing they signed is left, and useless in a stolen dump."""

from datetime import timedelta
from io import StringIO
from typing import Any

import jwt
import pytest
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.errors import UnknownKey
from accounts.models import SigningKey, User
from tests.factories import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/jwt-signing-algorithms")]
LIFE = settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]


@pytest.fixture
def new_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key a pair of its own again."""
    monkeypatch.setattr(keys, "generate_private_key", generate_private_key)


def names(jwks: list[dict[str, str]]) -> list[str]:
    return [jwk["kid"] for jwk in jwks]


def test_new_key_is_shown_five_minutes_before_it_signs(new_pairs: None) -> None:
    now = timezone.now()
    old = keys.signing_key(now=now)

    new = keys.rotate(now=now)

    assert names(keys.published(now=now)) == [old.kid, new.kid]
    assert keys.signing_key(now=now + keys.LEAD - timedelta(seconds=1)).kid == old.kid
    assert keys.signing_key(now=now + keys.LEAD).kid == new.kid


def test_old_key_is_shown_until_the_last_token_it_signed_has_expired(new_pairs: None) -> None:
    now = timezone.now()
    old, new = keys.signing_key(now=now), keys.rotate(now=now)
    end = now + keys.LEAD + LIFE

    assert keys.verifying_key(old.kid, now=end).kid == old.kid
    assert names(keys.published(now=end + timedelta(seconds=1))) == [new.kid]
    with pytest.raises(UnknownKey):
        keys.verifying_key(old.kid, now=end + timedelta(seconds=1))


def test_names_that_somebody_makes_up_cost_one_look_a_second(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    keys.signing_key()
    monkeypatch.setattr(keys.time, "monotonic", lambda: 7_000_000.0)
    keys.known()

    with django_assert_num_queries(1):
        for number in range(5):
            with pytest.raises(UnknownKey):
                keys.verifying_key(f"made-up-{number}")


def test_rotation_deletes_what_nobody_needs_any_more(new_pairs: None) -> None:
    now = timezone.now()
    old = keys.signing_key(now=now)
    keys.rotate(now=now)

    keys.rotate(now=now + keys.LEAD + LIFE + timedelta(seconds=1))

    assert not SigningKey.objects.filter(kid=old.kid).exists()
    assert SigningKey.objects.count() == 2


def test_token_of_before_the_rotation_is_good_and_new_ones_have_the_new_key(new_pairs: None, alice: User) -> None:
    before = token_of(alice)

    call_command("rotate_signing_keys", "--now", stdout=(said := StringIO()))

    after = token_of(alice)
    client, headers = Client(), [{"Authorization": f"Bearer {token}"} for token in (before, after)]
    assert [client.get("/api/v1/orders/", headers=header).status_code for header in headers] == [200, 200]
    assert jwt.get_unverified_header(after)["kid"] == said.getvalue().split()[0]
    assert jwt.get_unverified_header(before)["kid"] != said.getvalue().split()[0]


def test_anybody_can_verify_a_token_with_the_published_key(alice: User) -> None:
    token = token_of(alice)

    answer = Client().get("/.well-known/jwks.json")

    assert answer["Content-Type"] == "application/jwk-set+json"
    assert answer["Cache-Control"] == "public, max-age=270"
    [published] = jwt.PyJWKSet.from_dict(answer.json()).keys
    claims = jwt.decode(token, published, ["RS256"], audience=settings.SIMPLE_JWT["AUDIENCE"])
    assert claims["sub"] == str(alice.pk)
    assert {"d", "p", "q"}.isdisjoint(answer.json()["keys"][0])


def test_private_half_is_useless_without_secret_key(settings: pytest.FixtureRequest) -> None:
    made = keys.signing_key()
    row = SigningKey.objects.get()
    assert "PRIVATE KEY" not in row.private_key

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert keys.fresh()[0].kid == made.kid
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidToken):
        keys.fresh()


def test_header_is_what_the_library_reads(alice: User) -> None:
    token = token_of(alice)
    assert keys.header_of(token) == jwt.get_unverified_header(token)
    assert keys.header_of(token.encode()) == jwt.get_unverified_header(token)


@pytest.mark.parametrize("token", ["", "nonsense", "..", "eyJ!.e30.", "bnVsbA..", "W10.e30.x", "\ud800", "ü.e30.x"])
def test_header_of_no_token_is_refused_every_time(token: str) -> None:
    for _ in range(2):
        with pytest.raises((jwt.InvalidTokenError, UnicodeError)):
            keys.header_of(token)


@pytest.mark.parametrize("rest", ["", ".", ".x", ".x.y.z", "....."])
def test_header_of_a_token_that_has_no_three_parts_is_refused(alice: User, rest: str) -> None:
    header = token_of(alice).partition(".")[0]

    assert keys.header_of(f"{header}.x.y") == keys.header_of(token_of(alice))
    for token in (header + rest, (header + rest).encode()):
        with pytest.raises(jwt.InvalidTokenError):
            keys.header_of(token)
