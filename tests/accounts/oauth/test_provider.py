"""The provider: who agrees gets a program its tokens, and everything that is only almost right gets none."""

import base64
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts.models import Application, User
from tests.accounts.oauth.dance import (
    VERIFIER,
    asked,
    call,
    code_for,
    decide,
    exchange,
    renew,
    returned,
    tokens_for,
)  # fmt: skip
from tests.factories import application, browser_of, person

pytestmark = pytest.mark.django_db
SCOPES = "openid email orders:read"


@pytest.fixture
def partner() -> tuple[Application, str]:
    return application("openid", "profile", "email", "orders:read", "cart:write")


Partner = tuple[Application, str]


@pytest.mark.roadmap("auth/oauth2-basics", "auth/authorization-server")
@pytest.mark.asvs("10.4.1")
def test_person_who_agrees_gives_the_program_what_it_named_and_no_more(alice: User, partner: Partner) -> None:
    given = tokens_for(alice, *partner, SCOPES)

    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 600, SCOPES)
    assert call(given["access_token"]).status_code == 200
    assert call(given["access_token"], "cart/").status_code == 403
    assert alice.security_events.get(kind="application-authorized").details["application"] == "Partner"


@pytest.mark.asvs("10.7.2")
@pytest.mark.roadmap("auth/oauth2-scopes")
def test_page_says_in_words_who_asks_and_for_what(alice: User, partner: Partner) -> None:
    browser = browser_of(alice)

    page = browser.get("/oauth/authorize/", asked(partner[0], "openid orders:read"))

    text = page.content.decode()
    assert "Partner asks for access" in text
    assert text.count("<li>") == 2
    assert "<li>see your orders</li>" in text
    assert (page["X-Frame-Options"], "no-store" in page["Cache-Control"]) == ("DENY", True)


def test_visitor_is_sent_to_log_in_first_and_comes_back(partner: Partner) -> None:
    answer = Client().get("/oauth/authorize/", asked(partner[0], SCOPES))

    assert answer.status_code == 302
    assert "next=/oauth/authorize/%3Fresponse_type%3Dcode" in answer["Location"]


@pytest.mark.roadmap("auth/oauth2-basics")
def test_denial_reaches_the_program_with_its_state_and_who_says_so(
    alice: User, partner: Partner, settings: Any
) -> None:
    answer = returned(decide(alice, asked(partner[0], SCOPES), allow=False))

    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "state-1", settings.SITE_URL)


def test_answer_says_who_gives_it(alice: User, partner: Partner, settings: Any) -> None:
    assert returned(decide(alice, asked(partner[0], SCOPES)))["iss"] == settings.SITE_URL


#: What is wrong with the request, and whether the program is told (by redirect) or the person (by a page).
WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"redirect_uri": "http://127.0.0.1:9/back/"}, "page"),
    ({"redirect_uri": "http://127.0.0.1:10/back"}, "page"),
    ({"redirect_uri": "http://127.0.0.1:9/back?x=1"}, "page"),
    ({"redirect_uri": "https://elsewhere.example/"}, "page"),
    ({"client_id": "nobody"}, "page"),
    ({"scope": "orders:write"}, "invalid_scope"),
    ({"scope": "everything"}, "invalid_scope"),
    ({"scope": None}, "invalid_scope"),
    ({"response_type": "token"}, "unauthorized_client"),
    ({"response_type": "id_token token"}, "unauthorized_client"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
    ({"code_challenge_method": None, "code_challenge": VERIFIER}, "invalid_request"),
    ({"code_challenge_method": "S512"}, "invalid_request"),
]


@pytest.mark.asvs("10.4.1", "10.4.2", "10.4.6", "10.6.1")
@pytest.mark.roadmap("auth/authorization-server")
@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_request_that_is_almost_right_gets_no_code(
    alice: User, partner: Partner, changes: dict[str, str | None], told: str
) -> None:
    answer = decide(alice, asked(partner[0], SCOPES, **changes))

    assert not Grant.objects.exists()
    if told == "page":
        assert (answer.status_code, "That did not work" in answer.content.decode()) == (400, True)
    else:
        assert (returned(answer)["error"], returned(answer)["state"]) == (told, "state-1")


@pytest.mark.asvs("10.4.1")
@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"scope": "orders:write"}, {"redirect_uri": "https://elsewhere.example/"}]
)
def test_page_that_was_changed_on_the_way_back_gives_no_code(
    alice: User, partner: Partner, changes: dict[str, str], allow: bool
) -> None:
    answer = decide(alice, asked(partner[0], SCOPES), allow=allow, **changes)

    assert answer.status_code in {200, 302, 400}
    assert "elsewhere" not in answer.get("Location", "")
    assert not Grant.objects.exists()


def test_form_needs_the_token_against_forgery(alice: User, partner: Partner) -> None:
    browser = browser_of(alice)
    browser.handler.enforce_csrf_checks = True

    assert browser.post("/oauth/authorize/", asked(partner[0], SCOPES) | {"allow": "true"}).status_code == 403


@pytest.mark.asvs("10.4.2", "10.4.3")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        (
            {"grant_type": "password", "username": "alice@example.com", "password": "alice-shows-the-shop"},
            "unsupported_grant_type",
        ),
        ({"grant_type": "nonsense"}, "unsupported_grant_type"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
        ({"code": "\x00"}, "invalid_request"),
        ({"client_id": "\x00"}, "invalid_request"),
    ],
)
def test_exchange_that_is_almost_right_gets_no_token(
    alice: User, partner: Partner, changes: dict[str, str | None], error: str
) -> None:
    answer = exchange(*partner, code_for(alice, partner[0], SCOPES), **changes)

    assert (answer.status_code in {400, 401}, answer.json()["error"]) == (True, error)
    assert not AccessToken.objects.exists()


@pytest.mark.asvs("10.4.2")
@pytest.mark.roadmap("auth/authorization-server")
def test_code_that_is_shown_twice_ends_what_it_gave(alice: User, partner: Partner) -> None:
    code = code_for(alice, partner[0], SCOPES)
    given = exchange(*partner, code).json()

    again = exchange(*partner, code)

    assert again.json()["error"] == "invalid_grant"
    assert call(given["access_token"]).status_code == 401
    assert renew(*partner, given["refresh_token"]).json()["error"] == "invalid_grant"
    assert alice.security_events.filter(kind="token-reused").count() == 1


@pytest.mark.asvs("10.4.5")
def test_refresh_token_is_good_once_and_its_copy_ends_the_family(alice: User, partner: Partner) -> None:
    first = tokens_for(alice, *partner, SCOPES)
    second = renew(*partner, first["refresh_token"]).json()
    assert call(first["access_token"]).status_code == 401
    assert call(second["access_token"]).status_code == 200

    assert renew(*partner, first["refresh_token"]).json()["error"] == "invalid_grant"

    assert call(second["access_token"]).status_code == 401
    assert renew(*partner, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert alice.security_events.filter(kind="token-reused").count() == 1


def test_refresh_gives_no_more_than_was_agreed_to(alice: User, partner: Partner) -> None:
    given = tokens_for(alice, *partner, "orders:read")

    assert renew(*partner, given["refresh_token"], scope="orders:read cart:write").json()["error"] == "invalid_scope"


def test_client_gets_nothing_for_anothers_code_or_refresh_token(alice: User, partner: Partner) -> None:
    other = application("openid", "email", "orders:read", name="Other")
    code, given = code_for(alice, partner[0], SCOPES), tokens_for(alice, *partner, SCOPES)

    assert exchange(*other, code).json()["error"] == "invalid_grant"
    assert renew(*other, given["refresh_token"]).json()["error"] == "invalid_grant"


def test_public_client_keeps_no_secret_and_proves_itself_by_pkce(alice: User) -> None:
    public = application("orders:read", client_type="public")
    assert public[1] == public[0].client_secret == ""

    given = exchange(public[0], "", code_for(alice, public[0], "orders:read"), client_secret=None)

    assert call(given.json()["access_token"]).status_code == 200


@pytest.mark.roadmap("auth/oauth2-scopes")
def test_client_that_acts_for_itself_sees_what_is_nobodys(partner: Partner) -> None:
    machine, secret = application(
        "catalog:read", name="Machine", authorization_grant_type="client-credentials", redirect_uris=""
    )
    form = {"grant_type": "client_credentials", "client_id": machine.client_id, "client_secret": secret}

    given = Client(enforce_csrf_checks=True).post("/oauth/token/", form | {"scope": "catalog:read"}).json()

    assert set(given) == {"access_token", "expires_in", "token_type", "scope"}
    assert call(given["access_token"], "products/").status_code == 200
    assert [call(given["access_token"], path).status_code for path in ("orders/", "cart/")] == [403, 403]
    assert (
        Client(enforce_csrf_checks=True).post("/oauth/token/", form | {"scope": "orders:read"}).json()["error"]
        == "invalid_scope"
    )


@pytest.mark.roadmap("auth/authorization-server")
def test_tables_hold_nothing_that_could_be_used(alice: User, partner: Partner) -> None:
    given = tokens_for(alice, *partner, SCOPES)

    kept = [*AccessToken.objects.values_list("token", flat=True), *RefreshToken.objects.values_list("token", flat=True)]
    assert kept == ["", ""]
    assert partner[1] not in partner[0].client_secret
    assert len(given["refresh_token"]) >= 30
    assert not Grant.objects.exists()


@pytest.mark.parametrize("step", ["code", "refresh", "call"])
def test_closed_account_lets_nobody_act_for_it(alice: User, partner: Partner, step: str) -> None:
    code, given = code_for(alice, partner[0], SCOPES), tokens_for(alice, *partner, SCOPES)

    User.objects.filter(pk=alice.pk).update(is_active=False)

    steps = {
        "code": lambda: exchange(*partner, code), "refresh": lambda: renew(*partner, given["refresh_token"]),
        "call": lambda: call(given["access_token"]),
    }  # fmt: skip
    assert steps[step]().status_code in {400, 401}


@pytest.mark.asvs("8.3.3")
def test_program_may_do_no_more_than_the_person(partner: Partner) -> None:
    given = tokens_for(person("eve"), *partner, "orders:read")

    assert call(given["access_token"], "orders/7KQ2-M4XD-9RTC/").status_code == 404
    assert call(given["access_token"], "auth/sessions/", "delete").status_code == 403


@pytest.mark.parametrize("path", ["/oauth/token/", "/oauth/revoke/", "/oauth/introspect/"])
@pytest.mark.parametrize("name", [b"a\0b", b"%00"])
def test_client_by_a_name_that_no_database_keeps_is_unknown(db: None, path: str, name: bytes) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(name + b":secret").decode()}

    answer = Client().post(path, {"grant_type": "client_credentials", "token": "x"}, headers=header)

    assert answer.json() == {"error": "invalid_client"}


@pytest.mark.parametrize(
    "wrong",
    [{"nonce": "n" * 256}, {"code_challenge": "c" * 129}, {"resource": "http://["}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_question_that_cannot_be_kept_is_refused_before_the_person_is_asked(alice: User, wrong: dict[str, str]) -> None:
    client, _secret = application("orders:read", "openid")

    answer = browser_of(alice).get("/oauth/authorize/", asked(client, "orders:read openid", **wrong))

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
