"""Somebody else's program, on stock libraries, against a live server: it logs a person in, buys for them, and is
refused wherever anything is not as it was agreed."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from authlib.integrations.base_client import OAuthError
from django.test import Client
from joserfc.errors import JoseError
from oauth2_provider.models import AccessToken
from pytest_django.live_server_helper import LiveServer

from accounts import keys
from accounts.models import Application, User
from accounts.oauth import grants
from deploy.demo.shopper import ADDRESS
from deploy.partner.browser import Browser
from deploy.partner.client import Distrust, Partner
from deploy.partner.depot import KEEP, Closed, Depot
from orders import gateways
from tests.factories import application, person, product
from tests.fakes import FakeGateway

BACK = "http://127.0.0.1:9/back"
EVERYTHING = "openid profile email orders:read orders:write cart:write"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("gateway_in_place")]


@pytest.fixture
def gateway_in_place(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)


@pytest.fixture
def shop(transactional_db: None, settings: Any) -> Iterator[LiveServer]:
    """A server that can be stopped, under the address that it says it has."""
    server = LiveServer("127.0.0.1")
    settings.SITE_URL = server.url
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": server.url}
    yield server
    server.stop()


@pytest.fixture
def registered(shop: LiveServer) -> tuple[Application, str]:
    person("alice")
    return application(*EVERYTHING.split(), redirect_uris=BACK)


@pytest.fixture
def partner(shop: LiveServer, registered: tuple[Application, str]) -> Partner:
    return Partner(shop.url, registered[0].client_id, registered[1], BACK)


def agree(partner: Partner, scope: str = EVERYTHING, button: str = "allow") -> str:
    """What alice does; returns the address that her browser comes back to."""
    browser = Browser(partner.issuer).go(partner.send_off(scope))
    browser.log_in("alice@example.com", "alice-shows-the-shop")
    assert "Partner asks for access" in browser.page
    return browser.press(button).left_for


@pytest.mark.roadmap("auth/oauth2-basics", "auth/openid-connect", "auth/oauth2-scopes", "testing/e2e-tests")
@pytest.mark.asvs("10.7.1", "10.2.1", "10.5.1", "10.5.4")
def test_program_logs_a_person_in_and_buys_for_them(partner: Partner) -> None:
    product(sku="DESK", stocked=3)

    who = partner.take_back(agree(partner))
    order = partner.buy("DESK", ADDRESS)

    alice = User.objects.get(email="alice@example.com")
    assert (who["sub"], who["email"], who["name"]) == (str(alice.pk), alice.email, "Alice")
    assert (order["status"], alice.orders.get().number) == ("paid", order["number"])
    assert [shown["number"] for shown in partner.orders()] == [order["number"]]


def test_program_renews_its_tokens_and_the_person_is_not_asked(partner: Partner) -> None:
    partner.take_back(agree(partner))
    first = dict(partner.http.token)

    partner.http.refresh_token(partner.server["token_endpoint"], refresh_token=first["refresh_token"])

    assert partner.http.token["access_token"] != first["access_token"]
    assert partner.orders() == []


@pytest.mark.roadmap("auth/oauth2-basics")
def test_person_who_declines_gives_nothing(partner: Partner) -> None:
    with pytest.raises(OAuthError, match="access_denied"):
        partner.take_back(agree(partner, button=""))

    assert not AccessToken.objects.exists()


@pytest.mark.roadmap("auth/oauth2-scopes")
def test_program_reaches_no_further_than_was_agreed(partner: Partner) -> None:
    product(sku="DESK", stocked=3)
    partner.take_back(agree(partner, "openid orders:read"))

    assert partner.orders() == []
    answer = partner.http.post(f"{partner.issuer}/api/v1/cart/lines/", json={"sku": "DESK"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/insufficient-scope/")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="cart:write"'


def test_address_that_was_not_registered_is_never_gone_to(partner: Partner) -> None:
    partner.http.redirect_uri = "http://127.0.0.1:9/elsewhere"

    browser = Browser(partner.issuer).go(partner.send_off(EVERYTHING))
    browser.log_in("alice@example.com", "alice-shows-the-shop")

    assert (browser.status, browser.left_for) == (400, "")
    assert "That did not work" in browser.page


def test_code_is_good_once_and_the_copy_ends_the_tokens(partner: Partner) -> None:
    address = agree(partner)
    state, verifier = partner.state, partner.verifier
    partner.take_back(address)
    assert partner.orders() == []

    partner.state, partner.verifier, token = state, verifier, dict(partner.http.token)
    with pytest.raises(OAuthError, match="invalid_grant"):
        partner.take_back(address)

    answer = Client().get("/api/v1/orders/", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("verifier", ["", "x" * 64])
def test_code_without_its_verifier_is_worth_nothing(partner: Partner, verifier: str) -> None:
    address = agree(partner)
    partner.verifier = verifier

    with pytest.raises(OAuthError):
        partner.take_back(address)


@pytest.mark.asvs("10.2.1", "10.2.2")
@pytest.mark.parametrize(
    ("old", "new"), [("state=", "state=x"), ("iss=http", "iss=https"), ("&iss=", "&was="), ("code=", "nothing=")]
)
def test_program_takes_no_answer_to_another_question(partner: Partner, old: str, new: str) -> None:
    address = agree(partner)

    with pytest.raises((Distrust, KeyError)):
        partner.take_back(address.replace(old, new))


@pytest.mark.parametrize("wrong", ["nonce", "client_id", "issuer"])
def test_program_takes_no_identity_token_of_another_request(partner: Partner, wrong: str) -> None:
    address = agree(partner)
    changed = partner.http if wrong == "client_id" else partner
    token = partner.http.fetch_token(
        partner.server["token_endpoint"], code=address.split("code=")[1].split("&")[0], code_verifier=partner.verifier
    )
    setattr(changed, wrong, "another")

    with pytest.raises(JoseError):
        partner._identity(token)


def test_tokens_that_the_person_or_the_program_takes_back_open_nothing(partner: Partner) -> None:
    alice = User.objects.get(email="alice@example.com")
    partner.take_back(agree(partner))
    assert grants.revoke(alice, partner.http.client_id)
    assert partner.http.get(f"{partner.issuer}/api/v1/orders/").status_code == 401

    partner.take_back(agree(partner))
    partner.give_back()
    assert partner.http.get(f"{partner.issuer}/api/v1/orders/").status_code == 401


@pytest.mark.roadmap("auth/resource-server")
@pytest.mark.asvs("10.3.1", "10.3.2")
def test_service_of_somebody_else_goes_on_by_the_keys_that_it_has(
    shop: LiveServer, partner: Partner, settings: Any
) -> None:
    partner.take_back(agree(partner))
    token, depot = partner.http.token["access_token"], Depot(shop.url, settings.SIMPLE_JWT["AUDIENCE"])
    assert depot.let_in(token, "orders:read", now=0)["client_id"] == partner.http.client_id

    shop.stop()

    assert depot.let_in(token, "orders:read", now=KEEP - 1)["sub"]
    assert depot.fetches == 1
    assert depot.let_in(token, "orders:read", now=KEEP + 1)["sub"]
    assert depot.fetches == 2


@pytest.mark.roadmap("auth/resource-server")
@pytest.mark.asvs("9.1.3", "9.2.2", "9.2.3")
def test_service_of_somebody_else_lets_in_access_tokens_for_it_alone(
    shop: LiveServer, partner: Partner, settings: Any
) -> None:
    partner.take_back(agree(partner))
    given, depot = dict(partner.http.token), Depot(shop.url, settings.SIMPLE_JWT["AUDIENCE"])
    claims, key = jwt.decode(given["access_token"], options={"verify_signature": False}), keys.signing_key()

    def signed(type_: str = "at+jwt", kid: str = key.kid, **changes: Any) -> str:
        return jwt.encode(claims | changes, key.private, "RS256", headers={"kid": kid, "typ": type_})

    refused = [
        given["id_token"], given["refresh_token"], signed("JWT"), signed(aud="https://elsewhere.example/"), "a.b.c",
        signed(iss="https://elsewhere.example"), signed(exp=1), signed(scope="orders:write"), signed(kid="made-up"),
    ]  # fmt: skip
    assert depot.let_in(signed(), "orders:read", now=0)
    for token in refused:
        with pytest.raises(Closed):
            depot.let_in(token, "orders:read", now=1)
    assert depot.fetches == 1
