"""Bearer tokens: sound ones are believed by their signature, and everything that only looks like one opens nothing."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client, RequestFactory
from rest_framework.request import Request

from accounts import keys
from accounts.authentication import BearerAuthentication
from accounts.models import User
from tests.answers import assert_problem
from tests.factories import token_of

pytestmark = pytest.mark.django_db


def call_with(token: str) -> Any:
    return Client().get("/api/v1/orders/", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.roadmap("auth/stateless-authentication")
def test_token_is_believed_by_its_signature_until_somebody_needs_the_row(
    alice: User, django_assert_num_queries: Any
) -> None:
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {token_of(alice)}"})
    keys.known()

    with django_assert_num_queries(0):
        user, token = BearerAuthentication().authenticate(Request(request))
    with django_assert_num_queries(1):
        assert (user.email, token["sub"]) == (alice.email, str(alice.pk))


def changed(claims: dict[str, Any], **changes: Any) -> str:
    """A token signed by our own key, with other claims; None leaves one out."""
    key = keys.signing_key()
    told = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(told, key.private, "RS256", headers={"kid": key.kid})


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


PAST, FUTURE = int(time.time()) - 60, int(time.time()) + 3600
FORGED: dict[str, Callable[[str], str]] = {
    "nonsense": lambda token: "nonsense",
    "nul": lambda token: "\x00",
    "forged": lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
    "stale": lambda token: changed(claims_of(token), exp=PAST),
    "not yet": lambda token: changed(claims_of(token), nbf=FUTURE),
    "for others": lambda token: changed(claims_of(token), aud="https://elsewhere.example/"),
    "by others": lambda token: changed(claims_of(token), iss="https://elsewhere.example"),
    "refresh": lambda token: changed(claims_of(token), token_type="refresh"),
    "nobody": lambda token: changed(claims_of(token), sid=str(uuid4())),
    "no login": lambda token: changed(claims_of(token), sid=None),
    "no end": lambda token: changed(claims_of(token), exp=None),
    "no number": lambda token: changed(claims_of(token), jti=None),
    "unsigned": lambda token: jwt.encode(claims_of(token), None, "none", headers={"kid": keys.signing_key().kid}),
    # The public key is public: who lets the token choose the algorithm takes it for a shared secret.
    "public key as secret": lambda token: hmac_with_public_key(token),
    "unknown key": lambda token: jwt.encode(claims_of(token), STRANGER, "RS256", headers={"kid": "elsewhere"}),
    "strangers key": lambda token: jwt.encode(
        claims_of(token), STRANGER, "RS256", headers=jwt.get_unverified_header(token)
    ),
}
STRANGER = generate_private_key(public_exponent=65537, key_size=2048)


def hmac_with_public_key(token: str) -> str:
    """By hand: the library refuses to do it."""
    header = {"alg": "HS256", "typ": "JWT", "kid": keys.signing_key().kid}
    signed = b".".join(encode(json.dumps(part).encode()) for part in (header, claims_of(token)))
    pem = keys.signing_key().public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return b".".join([signed, encode(hmac.digest(pem, signed, "sha256"))]).decode()


def encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.mark.roadmap("auth/jwt-issue-and-verify", "auth/jwt-signing-algorithms")
@pytest.mark.parametrize("forge", FORGED)
def test_token_that_is_not_a_sound_access_token_opens_nothing(alice: User, forge: str) -> None:
    sound = token_of(alice)

    answer = call_with(FORGED[forge](sound))

    assert call_with(sound).status_code == 200
    assert_problem(answer, 401, "invalid-token")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.roadmap("auth/jwt-structure")
def test_token_is_three_parts_that_anybody_can_read_and_verify_by_hand(alice: User) -> None:
    header, payload, signature = token_of(alice).split(".")

    assert json.loads(decode(header)) == {"alg": "RS256", "typ": "JWT", "kid": keys.signing_key().kid}
    assert json.loads(decode(payload))["sub"] == str(alice.pk)
    # RFC 8017, 9.2: the signature, raised to the public exponent, ends with the SHA-256 of what is signed.
    numbers = keys.signing_key().public.public_numbers()
    opened = pow(int.from_bytes(decode(signature)), numbers.e, numbers.n).to_bytes(256)
    assert opened.endswith(sha256(f"{header}.{payload}".encode()).digest())


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
