"""A person sees the programs that act for them, and takes back what they gave."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import RefreshToken

from accounts.models import Application, User
from accounts.oauth import grants
from tests.accounts.oauth.dance import call, code_for, exchange, renew, tokens_for
from tests.factories import application, browser_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/authorization-server")]
WHERE = "/api/v1/account/applications/"


@pytest.fixture
def partner() -> tuple[Application, str]:
    return application("openid", "orders:read", "cart:write")


@pytest.mark.asvs("10.7.3", "10.4.9")
def test_person_sees_what_they_gave_to_whom_and_takes_it_back(
    alice: User, partner: tuple[Application, str], api: Any
) -> None:
    given, code = tokens_for(alice, *partner, "orders:read"), code_for(alice, partner[0], "orders:read")
    tokens_for(alice, *partner, "cart:write")
    [shown] = api(alice).get(WHERE).json()["results"]
    assert (shown["name"], shown["scopes"]) == ("Partner", ["cart:write", "orders:read"])

    assert api(alice).delete(f"{WHERE}{shown['client_id']}/").status_code == 204

    assert api(alice).get(WHERE).json()["results"] == []
    assert call(given["access_token"]).status_code == 401
    assert renew(*partner, given["refresh_token"]).json()["error"] == "invalid_grant"
    assert exchange(*partner, code).json()["error"] == "invalid_grant"
    assert alice.security_events.get(kind="application-revoked").details == {"application": "Partner"}


def test_what_others_gave_is_neither_seen_nor_taken_back(
    alice: User, partner: tuple[Application, str], api: Any
) -> None:
    given, eve = tokens_for(alice, *partner, "orders:read"), api(person("eve"))

    assert eve.get(WHERE).json()["results"] == []
    assert eve.delete(f"{WHERE}{partner[0].client_id}/").status_code == 404
    assert call(given["access_token"]).status_code == 200


def test_program_sees_and_ends_no_program(alice: User, partner: tuple[Application, str]) -> None:
    given = tokens_for(alice, *partner, "orders:read")

    assert call(given["access_token"], "account/applications/").status_code == 403
    assert call(given["access_token"], f"account/applications/{partner[0].client_id}/", "delete").status_code == 403


def test_all_programs_end_at_once(alice: User, partner: tuple[Application, str]) -> None:
    other, bobs = application("orders:read", name="Other"), person("bob")
    given = [
        tokens_for(user, *client, "orders:read") for user, client in ((alice, partner), (alice, other), (bobs, other))
    ]

    grants.revoke_all(alice)

    assert [call(token["access_token"]).status_code for token in given] == [401, 401, 200]


@pytest.mark.asvs("10.4.9")
def test_person_takes_it_back_on_the_account_page(alice: User, partner: tuple[Application, str]) -> None:
    given, browser = tokens_for(alice, *partner, "orders:read"), browser_of(alice)
    assert "Partner" in browser.get("/account/").content.decode()

    browser.post(f"/account/programs/{partner[0].client_id}/end/")

    assert "Programs that act for you" not in browser.get("/account/").content.decode()
    assert call(given["access_token"]).status_code == 401


def test_program_that_has_not_come_for_a_month_is_not_listed(alice: User, partner: tuple[Application, str]) -> None:
    tokens_for(alice, *partner, "orders:read")
    RefreshToken.objects.update(created=timezone.now() - timedelta(days=31))

    assert not grants.applications_of(alice).exists()


def test_no_secret_begins_like_an_option_of_a_command_line() -> None:
    client = Application(name="Lamp finder", client_type=Application.CLIENT_CONFIDENTIAL)

    assert all(client.renew_secret().isalnum() for _ in range(500))
