"""Clients are registered in the admin: the secret is shown once, and what could do harm is refused there."""

import re
from typing import Any

import pytest
from django.contrib.admin import site
from django.urls import reverse
from oauth2_provider.models import AccessToken

from accounts.models import Application, User
from tests.accounts.oauth.dance import ask_for_itself, call, tokens_for
from tests.factories import application, office_of

pytestmark = pytest.mark.django_db
GOOD = {
    "name": "Depot", "client_type": "confidential", "authorization_grant_type": "client-credentials",
    "redirect_uris": "", "post_logout_redirect_uris": "", "scopes": ["catalog:read"],
}  # fmt: skip


def register(carol: User, **changes: Any) -> Any:
    return office_of(carol).post(reverse("admin:accounts_application_add"), GOOD | changes)


def secret_in(page: Any) -> str:
    return re.findall(r"Client secret: <code>([\w-]{43})</code>", page.content.decode())[0]


@pytest.mark.asvs("10.4.10")
def test_secret_is_shown_once_works_and_is_kept_as_a_hash(carol: User) -> None:
    page = register(carol)

    secret, made = secret_in(page), Application.objects.get(name="Depot")
    assert "no-store" in page["Cache-Control"]
    assert ask_for_itself(made, secret, "catalog:read").status_code == 200
    assert secret not in made.client_secret
    shown = office_of(carol).get(reverse("admin:accounts_application_change", args=[made.pk])).content.decode()
    assert secret not in shown
    assert made.client_secret not in shown


def test_new_secret_replaces_the_old_one(carol: User) -> None:
    client, old = application("catalog:read", authorization_grant_type="client-credentials", redirect_uris="")
    chosen = {"action": "renew_secret", "_selected_action": [client.pk]}

    page = office_of(carol).post(reverse("admin:accounts_application_changelist"), chosen)

    assert ask_for_itself(client, secret_in(page), "catalog:read").status_code == 200
    assert ask_for_itself(client, old, "catalog:read").json()["error"] == "invalid_client"


@pytest.mark.asvs("10.4.1", "10.4.4", "10.4.11")
@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"authorization_grant_type": "authorization-code"}, "Where does the browser go"),
        ({"redirect_uris": "javascript:alert(1)"}, "is no absolute address"),
        ({"redirect_uris": "https://*.example/"}, "is no absolute address"),
        ({"redirect_uris": "https://x.example/#here"}, "is no absolute address"),
        ({"post_logout_redirect_uris": "/relative"}, "is no absolute address"),
        ({"authorization_grant_type": "password"}, "not one of the available choices"),
        ({"authorization_grant_type": "implicit"}, "not one of the available choices"),
        ({"scopes": ["orders:read"]}, "Not for this kind of client"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"client_type": "public"}, "must be able to keep a secret"),
    ],
)
def test_client_that_could_do_harm_is_not_registered(carol: User, changes: dict[str, Any], complaint: str) -> None:
    page = register(carol, **changes)

    assert complaint in page.content.decode()
    assert not Application.objects.exists()


def test_client_that_is_deleted_takes_all_that_it_was_given_along(alice: User, carol: User) -> None:
    client, secret = application("orders:read")
    token = tokens_for(alice, client, secret, "orders:read")["access_token"]

    office_of(carol).post(reverse("admin:accounts_application_delete", args=[client.pk]), {"post": "yes"})

    assert call(token).status_code == 401
    assert not AccessToken.objects.exists()


def test_single_tokens_are_nobodys_to_make_or_change_by_hand() -> None:
    assert not [model for model in site._registry if model._meta.app_label == "oauth2_provider"]
