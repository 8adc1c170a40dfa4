"""OpenID Connect: what the provider says of itself and of people, and how one of its clients logs them out."""

from typing import Any

import jwt
import pytest
from django.test import Client
from django.urls import resolve

from accounts import keys
from accounts.models import Application, User
from tests.accounts.oauth.dance import asked, call, decide, returned, tokens_for
from tests.factories import application, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/openid-connect")]


def is_logged_in(browser: Client) -> bool:
    return bool(browser.get("/account/").status_code == 200)


PLACES = ["openid-configuration", "oauth-authorization-server"]


@pytest.fixture
def partner() -> tuple[Application, str]:
    after = {"post_logout_redirect_uris": "http://127.0.0.1:9/bye"}
    return application("openid", "profile", "email", "orders:read", **after)


@pytest.mark.roadmap("auth/authorization-server")
@pytest.mark.parametrize("place", PLACES)
def test_document_names_addresses_that_exist_and_nothing_that_is_refused(place: str, settings: Any) -> None:
    document = Client().get(f"/.well-known/{place}").json()

    assert document["issuer"] == settings.SITE_URL
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert resolve(address.removeprefix(settings.SITE_URL))
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert not {"password", "implicit"} & set(document["grant_types_supported"])


@pytest.mark.asvs("9.1.1")
def test_identity_token_is_for_the_client_and_its_request_and_says_what_the_scopes_allow(
    alice: User, partner: tuple[Application, str], settings: Any
) -> None:
    token = tokens_for(alice, *partner, "openid email orders:read")["id_token"]

    key = keys.verifying_key(jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(token, key.public, ["RS256"], audience=partner[0].client_id, issuer=settings.SITE_URL)
    assert (claims["sub"], claims["nonce"], claims["email"]) == (str(alice.pk), "nonce-1", alice.email)
    assert "name" not in claims
    assert {"at_hash", "auth_time", "exp"} <= set(claims)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name"}),
        ("openid profile email", {"sub", "name", "email", "email_verified"}),
    ],
)
def test_userinfo_says_what_the_scopes_allow(
    alice: User, partner: tuple[Application, str], scope: str, told: set[str]
) -> None:
    token = tokens_for(alice, *partner, scope)["access_token"]

    answer = Client().get("/oauth/userinfo/", headers={"Authorization": f"Bearer {token}"})

    assert set(answer.json()) == told


def test_userinfo_needs_openid(alice: User, partner: tuple[Application, str]) -> None:
    token = tokens_for(alice, *partner, "orders:read")["access_token"]

    assert Client().get("/oauth/userinfo/", headers={"Authorization": f"Bearer {token}"}).status_code in {401, 403}


def test_program_that_wants_nobody_asked_hears_that_somebody_must_be(
    partner: tuple[Application, str],
) -> None:
    answer = Client().get("/oauth/authorize/", asked(partner[0], "openid", prompt="none"))

    assert returned(answer)["error"] == "consent_required"


@pytest.mark.asvs("10.6.2")
def test_log_out_that_a_program_asks_for_is_confirmed_by_the_person(
    alice: User, partner: tuple[Application, str]
) -> None:
    given, browser = tokens_for(alice, *partner, "openid orders:read"), browser_of(alice)
    asks = {"id_token_hint": given["id_token"], "post_logout_redirect_uri": "http://127.0.0.1:9/bye", "state": "s"}

    page = browser.get("/oauth/logout/", asks)
    assert "Partner asks for it" in page.content.decode()
    assert is_logged_in(browser)
    done = browser.post("/oauth/logout/", asks | {"allow": "true"})

    assert done["Location"] == "http://127.0.0.1:9/bye?state=s"
    assert not is_logged_in(browser)
    assert call(given["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "asks",
    [
        {"client_id": "nobody"},
        {"client_id": "nobody", "post_logout_redirect_uri": "http://127.0.0.1:9/bye"},
        {"id_token_hint": "nonsense"},
        {"post_logout_redirect_uri": "http://127.0.0.1:9/bye"},
        {"client_id": "\x00"},
    ],
)
def test_log_out_that_nobody_could_ask_for_is_refused(alice: User, asks: dict[str, str]) -> None:
    browser = browser_of(alice)

    assert browser.get("/oauth/logout/", asks).status_code == 400
    assert browser.post("/oauth/logout/", asks | {"allow": "true"}).status_code == 400
    assert is_logged_in(browser)


def test_log_out_leads_nowhere_else(alice: User, partner: tuple[Application, str]) -> None:
    hint, browser = tokens_for(alice, *partner, "openid")["id_token"], browser_of(alice)
    asks = {"id_token_hint": hint, "post_logout_redirect_uri": "https://elsewhere.example/"}

    assert browser.get("/oauth/logout/", asks).status_code == 400


def test_identity_token_of_an_old_key_is_still_a_hint(alice: User, partner: tuple[Application, str]) -> None:
    hint, browser = tokens_for(alice, *partner, "openid")["id_token"], browser_of(alice)
    assert decide(alice, asked(partner[0], "openid")).status_code == 302

    assert browser.get("/oauth/logout/", {"id_token_hint": hint[:-6] + "AAAAAA"}).status_code == 400
    assert browser.get("/oauth/logout/", {"id_token_hint": hint}).status_code == 200


@pytest.mark.parametrize("rest", ["", ".", ".x", ".x.y.z", "....."])
def test_header_of_a_token_alone_is_no_hint(alice: User, partner: tuple[Application, str], rest: str) -> None:
    """Its key is a published one, so all that tells it from a token is that it has no three parts."""
    hint, browser = tokens_for(alice, *partner, "openid")["id_token"].partition(".")[0] + rest, browser_of(alice)

    assert browser.get("/oauth/logout/", {"id_token_hint": hint}).status_code == 400
    assert browser.get("/oauth/userinfo/", headers={"Authorization": f"Bearer {hint}"}).status_code == 401
