"""The steps of the authorization code flow, each as a client or a browser takes it."""

import base64
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from accounts.models import Application, User
from tests.factories import browser_of

VERIFIER = "a-verifier-that-nobody-could-guess-because-it-is-long"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def asked(client: Application, wish: str, /, **changes: str | None) -> dict[str, str]:
    """What a client puts into the address that it sends the browser to; None leaves one out."""
    query = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uris, "scope": wish,
        "state": "state-1", "nonce": "nonce-1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return {name: value for name, value in (query | changes).items() if value is not None}


def decide(user: User, query: dict[str, str], *, allow: bool = True, **changes: str) -> Any:
    """What the browser of somebody who is logged in gets for pressing the button."""
    browser = browser_of(user)
    page = browser.get("/oauth/authorize/", query)
    if page.status_code != 200:
        return page
    form = {name: value for name, value in page.context["form"].initial.items() if value is not None}
    return browser.post("/oauth/authorize/", form | ({"allow": "true"} if allow else {}) | changes)


def returned(answer: Any) -> dict[str, str]:
    """What the program reads from the address that the browser comes back to."""
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def code_for(user: User, client: Application, scope: str) -> str:
    return returned(decide(user, asked(client, scope)))["code"]


def exchange(client: Application, secret: str, good: str, /, **changes: str | None) -> Any:
    """What the program gets for a code at the token endpoint."""
    form = {
        "grant_type": "authorization_code", "code": good, "redirect_uri": client.redirect_uris,
        "code_verifier": VERIFIER, "client_id": client.client_id, "client_secret": secret,
    }  # fmt: skip
    return Client().post(
        "/oauth/token/", {name: value for name, value in (form | changes).items() if value is not None}
    )


def tokens_for(user: User, client: Application, secret: str, scope: str) -> dict[str, Any]:
    """The whole dance."""
    answer = exchange(client, secret, code_for(user, client, scope))
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def renew(client: Application, secret: str, refresh_token: str, /, **more: str) -> Any:
    """What the program gets for a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client.client_id}
    return Client(enforce_csrf_checks=True).post("/oauth/token/", form | {"client_secret": secret} | more)


def call(token: str, path: str = "orders/", method: str = "get", **more: Any) -> Any:
    """Ask the shop's API with a token."""
    return getattr(Client(), method)(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, **more)


def ask_for_itself(client: Application, secret: str, scope: str) -> Any:
    """What a client gets with nobody behind it."""
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret, "scope": scope}
    return Client(enforce_csrf_checks=True).post("/oauth/token/", form)
