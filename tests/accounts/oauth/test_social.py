"""Logging in from elsewhere: whom another provider's word lets in, and every word that is not believed."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from django.test import Client

from accounts.models import ExternalIdentity, User
from accounts.oauth import social
from tests.accounts.oauth.foreign import ForeignProvider
from tests.factories import browser_of, person, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/social-login")]


@pytest.fixture
def provider(settings: Any, key_pair: RSAPrivateKey) -> Iterator[ForeignProvider]:
    """Configured, as the environment would."""
    foreign = ForeignProvider(key_pair)
    settings.SOCIAL_ISSUER, settings.SOCIAL_CLIENT_ID, settings.SOCIAL_CLIENT_SECRET = foreign.issuer, "shop", "s3cret"
    settings.SOCIAL_LABEL = "Elsewhere"
    yield foreign
    foreign.shutdown()
    foreign.server_close()


def send_off(provider: ForeignProvider, browser: Client) -> dict[str, str]:
    """Press the button; returns what the provider's page would be asked for."""
    answer = browser.post("/account/social/")
    query = dict(parse_qsl(urlsplit(answer["Location"]).query))
    provider.nonce = query["nonce"]
    return query


def visit(provider: ForeignProvider, browser: Client, **changes: str) -> Any:
    """Away and back again; the person agreed."""
    query = send_off(provider, browser)
    return browser.get("/account/social/back/", {"code": "c", "state": query["state"]} | changes)


def is_logged_in(browser: Client) -> bool:
    return bool(browser.get("/account/").status_code == 200)


@pytest.mark.asvs("6.8.1", "10.2.1", "10.5.1")
def test_somebody_new_with_a_proven_address_gets_an_account_and_comes_back_to_it(provider: ForeignProvider) -> None:
    first, second = Client(), Client()
    query = send_off(provider, first)
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "openid email profile")
    assert first.get("/account/social/back/", {"code": "c", "state": query["state"]})["Location"] == "/account/"

    provider.claims |= {"email": "moved@example.com"}
    visit(provider, second)

    zoe = User.objects.get(email="zoe@example.com")
    assert is_logged_in(first)
    assert is_logged_in(second)
    assert (zoe.name, zoe.has_usable_password(), zoe.logins.count()) == ("Zoe", False, 2)
    assert "code_verifier=" in provider.asked[0]
    assert list(zoe.security_events.order_by("id").values_list("kind", flat=True)) == ["registered", "login", "login"]


def test_login_page_has_the_button_only_when_there_is_a_provider(provider: ForeignProvider, settings: Any) -> None:
    assert "Log in with Elsewhere" in Client().get("/account/log-in/").content.decode()
    settings.SOCIAL_ISSUER = ""

    assert "Elsewhere" not in Client().get("/account/log-in/").content.decode()
    assert Client().post("/account/social/").status_code == 404
    assert Client().get("/account/social/back/").status_code == 404


def test_address_that_has_an_account_is_not_taken_for_it_until_its_owner_links_it(provider: ForeignProvider) -> None:
    zoe, stranger = person("zoe"), Client()
    refusal = visit(provider, stranger)
    assert (refusal.status_code, "Log in to it with your password" in refusal.content.decode()) == (403, True)
    assert not is_logged_in(stranger)

    visit(provider, browser_of(zoe))

    assert visit(provider, stranger).status_code == 302
    assert is_logged_in(stranger)
    assert zoe.security_events.filter(kind="identity-linked").count() == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}, {"email": None},
        {"email": "no address"}, {"email": "zoe\x00@example.com"}, {"email": ["zoe@example.com"]}, {"email": "z" * 300},
    ],
)  # fmt: skip
def test_address_that_nobody_has_proven_opens_no_account(provider: ForeignProvider, claims: dict[str, Any]) -> None:
    provider.claims |= claims

    refusal = visit(provider, Client())

    assert refusal.status_code == 403
    assert "has not proven that this e-mail address is yours" in refusal.content.decode()
    assert not User.objects.exists()


Deed = Callable[[ForeignProvider], object]
LIES: dict[str, Deed] = {
    "another issuer": lambda foreign: foreign.claims.update(iss="https://elsewhere.example"),
    "for another client": lambda foreign: foreign.claims.update(aud="another"),
    "of another request": lambda foreign: foreign.claims.update(nonce="another"),
    "without a request": lambda foreign: foreign.claims.update(nonce=None),
    "too old": lambda foreign: foreign.claims.update(exp=1),
    "without an end": lambda foreign: foreign.claims.update(exp=None),
    "about nobody": lambda foreign: foreign.claims.update(sub=None),
    "about nobody in particular": lambda foreign: foreign.claims.update(sub=""),
    "about a thing": lambda foreign: foreign.claims.update(sub={"a": 1}),
    "signed by somebody else": lambda foreign: setattr(
        foreign, "signs_with", generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "no token at all": lambda foreign: foreign.answers.update(id_token=None),
    "no token but a word": lambda foreign: foreign.answers.update(id_token="word"),
    "an error": lambda foreign: foreign.answers.update(error="invalid_grant", access_token=None),
}


@pytest.mark.asvs("6.8.2", "10.5.1", "10.5.2", "10.5.4")
@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_soundly_said_lets_nobody_in(provider: ForeignProvider, lie: str) -> None:
    browser = Client()
    LIES[lie](provider)

    refusal = visit(provider, browser)

    assert (refusal.status_code, "cannot be trusted" in refusal.content.decode()) == (400, True)
    assert not is_logged_in(browser)
    assert not User.objects.exists()


@pytest.mark.asvs("10.5.3")
def test_metadata_of_another_issuer_is_not_followed(provider: ForeignProvider) -> None:
    provider.document = {"issuer": "https://elsewhere.example"}

    assert Client().post("/account/social/").status_code == 400


@pytest.mark.asvs("10.2.2")
def test_answer_of_another_provider_is_not_taken_to_this_one(provider: ForeignProvider) -> None:
    provider.document = {"authorization_response_iss_parameter_supported": True}

    assert visit(provider, Client(), iss="https://elsewhere.example").status_code == 400
    assert visit(provider, Client()).status_code == 400
    assert visit(provider, Client(), iss=provider.issuer).status_code == 302
    assert len(provider.asked) == 1


@pytest.mark.asvs("10.1.2", "10.2.1")
def test_answer_counts_once_and_only_in_the_browser_that_asked(provider: ForeignProvider) -> None:
    asker, other = Client(), Client()
    query = send_off(provider, asker)
    answer = {"code": "c", "state": query["state"]}

    assert other.get("/account/social/back/", answer).status_code == 400
    assert asker.get("/account/social/back/", answer).status_code == 302
    assert asker.get("/account/social/back/", answer).status_code == 400
    assert other.get("/account/social/back/").status_code == 400
    assert len(provider.asked) == 1


def test_person_who_declines_reads_that_nothing_happened(provider: ForeignProvider) -> None:
    query = send_off(provider, Client())

    page = Client().get("/account/social/back/", {"error": "access_denied", "state": query["state"]})

    assert (page.status_code, "You did not agree" in page.content.decode()) == (400, True)
    assert not User.objects.exists()


@pytest.mark.parametrize("trouble", ["down", "slow", "broken"])
def test_provider_that_is_away_is_a_page_and_not_a_wait(
    provider: ForeignProvider, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(social, "PATIENCE", 0.1)
    browser, query = Client(), {}
    if trouble != "down":
        query = send_off(provider, browser)
        provider.silent, provider.status = (0.3, 200) if trouble == "slow" else (0.0, 503)
        page = browser.get("/account/social/back/", {"code": "c", "state": query["state"]})
    else:
        provider.shutdown()
        provider.server_close()
        page = browser.post("/account/social/")

    assert (page.status_code, "does not answer at the moment" in page.content.decode()) == (503, True)


def test_five_seconds_are_the_longest_wait() -> None:
    assert social.PATIENCE == 5
    assert social._client("https://a.example", "b", "c").client_kwargs["default_timeout"] == 5


def test_closed_account_stays_closed(provider: ForeignProvider) -> None:
    visit(provider, Client())
    User.objects.update(is_active=False)

    assert visit(provider, Client()).status_code == 403


def test_identity_belongs_to_one_account(provider: ForeignProvider, alice: User, bob: User) -> None:
    assert visit(provider, browser_of(alice)).status_code == 302
    assert visit(provider, browser_of(alice)).status_code == 302

    assert visit(provider, browser_of(bob)).status_code == 403
    assert [identity.user for identity in ExternalIdentity.objects.all()] == [alice]


def test_going_there_takes_a_press_on_our_own_button(provider: ForeignProvider) -> None:
    assert Client().get("/account/social/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/account/social/").status_code == 403


@pytest.mark.asvs("6.3.4", "6.8.4")
def test_second_factor_is_asked_for_on_this_way_in_too(provider: ForeignProvider, alice: User) -> None:
    visit(provider, browser_of(alice))
    alice.factors.create(name="phone", secret="sealed", confirmed_at="2026-01-01T00:00Z")
    browser = Client()

    assert visit(provider, browser)["Location"].startswith("/account/code/")
    assert not is_logged_in(browser)


def test_person_sees_and_unlinks_their_identities_but_not_the_last_way_in(
    provider: ForeignProvider, alice: User, api: Any
) -> None:
    visit(provider, browser_of(alice))
    owner = api(alice)
    [shown] = owner.get("/api/v1/account/identities/").json()["results"]
    assert (shown["issuer"], shown["subject"]) == (provider.issuer, "zoe-1")
    where = f"/api/v1/account/identities/{shown['id']}/"
    User.objects.filter(pk=alice.pk).update(password="!")
    assert owner.delete(where).json()["type"] == "/problems/last-way-in/"
    alice.save(update_fields=["password"])

    assert api(person("eve")).delete(where).status_code == 404
    assert api(alice).delete(where).status_code == 204
    assert api(alice).delete(where).status_code == 404
    assert token_of(alice)
