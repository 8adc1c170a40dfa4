"""Whatever is sent to the provider, the answer is its own: never a 500, never an address that nobody registered."""

import random

import pytest

from accounts.models import User
from tests.accounts.oauth.dance import asked
from tests.factories import application, browser_of

ODD = [
    "", "x" * 5000, "\ufffd", "é", "%", "&&&=", "[]", "{}", "null", "-1", "1e999", "a b", "\n", "\r\nSet-Cookie: a=b",
    "https://x/ y", "//", "http://[::1", "\u202e", "\x00", "javascript:alert(1)",
]  # fmt: skip
MEMBERS = [
    "grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "refresh_token", "scope",
    "token", "token_type_hint", "resource", "username", "password", "state", "nonce", "prompt", "max_age",
    "id_token_hint", "post_logout_redirect_uri", "claims", "response_type", "response_mode", "code_challenge",
    "code_challenge_method", "ui_locales", "approval_prompt", "request", "request_uri", "login_hint",
    "device_code", "allow",
]  # fmt: skip
HEADERS = ["Basic x", "Basic Zm9v", "Basic /////w==", "Bearer a.b.c", "Bearer é", "Bearer ", "Basic OjpiOg=="]
GRANTS = ["authorization_code", "refresh_token", "client_credentials", "password", "implicit"]
PLACES = ["authorize", "token", "revoke", "introspect", "userinfo", "logout"]


@pytest.mark.parametrize("place", PLACES)
def test_odd_request_is_refused_and_breaks_nothing(alice: User, place: str) -> None:
    client, secret = application("openid", "orders:read")
    dice, browser = random.Random(place), browser_of(alice)
    browser.raise_request_exception = False

    for _ in range(120):
        form = {name: dice.choice(ODD) for name in dice.sample(MEMBERS, dice.randint(1, 6))}
        if dice.random() < 0.6:
            form = asked(client, "openid") | {"grant_type": dice.choice(GRANTS), "client_secret": secret} | form
        headers = {"Authorization": dice.choice(HEADERS)} if dice.random() < 0.3 else {}
        send = browser.get if dice.random() < 0.4 else browser.post
        answer = send(f"/oauth/{place}/", form, headers=headers)

        assert answer.status_code < 500, (form, headers)
        back = answer.get("Location", client.redirect_uris)
        assert back.startswith((client.redirect_uris, "/account/", "http://testserver/")), back
