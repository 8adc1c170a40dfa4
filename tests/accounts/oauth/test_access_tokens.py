"""Access tokens of clients and logins' own tokens: neither passes as the other, and neither as an identity token."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.errors import InvalidToken
from accounts.models import Application, User
from accounts.oauth import access, grants
from tests.accounts.oauth.dance import call, tokens_for
from tests.factories import application, token_of

pytestmark = pytest.mark.django_db
SCOPES = "openid email orders:read"


@pytest.fixture
def partner() -> tuple[Application, str]:
    return application("openid", "profile", "email", "orders:read")


@pytest.fixture
def given(alice: User, partner: tuple[Application, str]) -> dict[str, Any]:
    return tokens_for(alice, *partner, SCOPES)


def read(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.asvs("9.2.4", "10.3.3")
@pytest.mark.roadmap("auth/resource-server")
def test_token_says_what_rfc_9068_asks_and_is_signed_by_a_published_key(
    alice: User, partner: tuple[Application, str], given: dict[str, Any], settings: Any
) -> None:
    header, claims = jwt.get_unverified_header(given["access_token"]), read(given["access_token"])

    published = {key["kid"] for key in Client().get("/.well-known/jwks.json").json()["keys"]}
    assert (header["typ"], header["alg"], header["kid"] in published) == ("at+jwt", "RS256", True)
    assert claims["exp"] - claims["iat"] == 600
    expected = {"iss": settings.SITE_URL, "aud": f"{settings.SITE_URL}/api/", "sub": str(alice.pk), "scope": SCOPES}
    assert {name: claims[name] for name in expected} == expected
    assert claims["client_id"] == partner[0].client_id


def forged(token: str, *, type_: str | None = None, **changes: Any) -> str:
    """Signed by our own key, with other claims or another type."""
    key, header = keys.signing_key(), jwt.get_unverified_header(token)
    claims = {name: value for name, value in (read(token) | changes).items() if value is not None}
    return jwt.encode(claims, key.private, "RS256", headers={"kid": key.kid, "typ": type_ or header["typ"]})


FORGED: dict[str, Callable[[dict[str, Any], str], str]] = {
    "an identity token": lambda given, own: given["id_token"],
    "an identity token that says it is one": lambda given, own: forged(given["id_token"], type_="at+jwt"),
    "a refresh token": lambda given, own: given["refresh_token"],
    "a login's token that says it is a client's": lambda given, own: forged(own, type_="at+jwt"),
    "a client's token that says it is a login's": lambda given, own: forged(given["access_token"], type_="JWT"),
    "one with more scope": lambda given, own: forged(given["access_token"], scope="orders:write"),
    "one of another moment": lambda given, own: forged(given["access_token"], jti="0" * 32),
    "one that has expired": lambda given, own: forged(given["access_token"], exp=int(time.time()) - 5),
    "one for others": lambda given, own: forged(given["access_token"], aud="https://elsewhere.example/"),
    "one by others": lambda given, own: forged(given["access_token"], iss="https://elsewhere.example"),
    "one without an end": lambda given, own: forged(given["access_token"], exp=None),
    "an unsigned one": lambda given, own: jwt.encode(read(given["access_token"]), None, "none", {"typ": "at+jwt"}),
}


@pytest.mark.asvs("9.2.2", "9.2.3", "9.1.2")
@pytest.mark.roadmap("auth/jwt-security", "auth/resource-server")
@pytest.mark.parametrize("kind", FORGED)
def test_token_of_another_kind_opens_nothing(alice: User, given: dict[str, Any], kind: str) -> None:
    shown = FORGED[kind](given, token_of(alice))

    assert call(given["access_token"]).status_code == 200
    assert call(shown).status_code == 401


def test_token_in_the_address_opens_nothing(given: dict[str, Any]) -> None:
    assert Client().get("/oauth/userinfo/", {"access_token": given["access_token"]}).status_code == 400
    assert Client().get("/api/v1/orders/", {"access_token": given["access_token"]}).status_code == 401


@pytest.mark.asvs("9.2.1")
def test_row_ends_with_the_token(given: dict[str, Any]) -> None:
    claims = read(given["access_token"])
    later = timezone.now() + timedelta(seconds=601)

    with pytest.raises(InvalidToken):
        access.verify(given["access_token"], now=later)
    assert claims["exp"] < later.timestamp()


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_token_that_was_given_back_opens_nothing_at_once(
    partner: tuple[Application, str], given: dict[str, Any], kind: str
) -> None:
    form = {"token": given[kind], "client_id": partner[0].client_id, "client_secret": partner[1]}

    assert Client(enforce_csrf_checks=True).post("/oauth/revoke/", form).status_code == 200

    assert call(given["access_token"]).status_code == 401


def test_client_cannot_give_back_what_is_anothers(given: dict[str, Any]) -> None:
    other, secret = application("orders:read", name="Other")
    form = {"token": given["access_token"], "client_id": other.client_id, "client_secret": secret}

    assert Client(enforce_csrf_checks=True).post("/oauth/revoke/", form).status_code == 200
    assert call(given["access_token"]).status_code == 200


@pytest.mark.asvs("7.4.3")
def test_new_password_or_log_out_everywhere_ends_what_programs_may_do(
    alice: User, given: dict[str, Any], partner: tuple[Application, str]
) -> None:
    assert call(token_of(alice), "auth/sessions/", "delete").status_code == 204

    assert call(given["access_token"]).status_code == 401
    assert not grants.applications_of(alice).exists()


def test_token_of_a_program_costs_one_statement(given: dict[str, Any], django_assert_num_queries: Any) -> None:
    keys.known()

    with django_assert_num_queries(1):
        access.verify(given["access_token"])


def ask(client: Application, secret: str, token: str) -> Any:
    form = {"token": token, "client_id": client.client_id, "client_secret": secret}
    return Client(enforce_csrf_checks=True).post("/oauth/introspect/", form)


@pytest.mark.roadmap("auth/resource-server", "auth/authorization-server")
def test_client_may_ask_about_its_own_tokens_and_a_resource_server_about_all(
    alice: User, partner: tuple[Application, str], given: dict[str, Any]
) -> None:
    stranger, depot = application("orders:read", name="Stranger"), application("orders:read", is_resource_server=True)

    told = ask(*partner, given["access_token"]).json()
    assert (told["active"], told["scope"], told["sub"]) == (True, SCOPES, str(alice.pk))
    assert "email" not in str(told.keys())
    assert ask(*depot, given["access_token"]).json() == told
    assert ask(*stranger, given["access_token"]).json() == {"active": False}


@pytest.mark.asvs("10.4.10")
def test_nobody_asks_without_proving_who_they_are(partner: tuple[Application, str], given: dict[str, Any]) -> None:
    assert ask(partner[0], "wrong", given["access_token"]).json() == {"error": "invalid_client"}
    public, _ = application("orders:read", name="Public", client_type="public")
    assert ask(public, "", given["access_token"]).status_code == 401
    assert ask(*partner, "nonsense").json() == ask(*partner, given["refresh_token"]).json() == {"active": False}
    assert Client().get("/oauth/introspect/").status_code == 405
