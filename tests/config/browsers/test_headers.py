"""What a browser is told on every answer, and that the pages keep to the policy: each class of address is visited."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, override_settings
from django.urls import path, reverse

from accounts.models import User
from config.browsers.headers import EVERYWHERE, OF_PAGES
from config.urls import urlpatterns as ours
from tests.accounts.oauth.dance import asked
from tests.config.test_env import ROOT, SOUND
from tests.config.test_every_route import ROUTES, address
from tests.factories import application, browser_of, office_of
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

pytestmark = pytest.mark.roadmap("security/security-headers")
DOCUMENTATION = ["/api/docs/", "/api/docs/v2/", "/api/redoc/", "/api/redoc/v2/"]
#: Answers that no view gives.
OTHERS = ["/nowhere/", "/static/graphiql/page.js", "/admin", "/account", "/static/nowhere.js"]


def policy_of(answer: Any) -> dict[str, list[str]]:
    directives = [directive.split() for directive in answer["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in directives}


class Page(HTMLParser):
    """Notes what a browser with our policy would refuse to run or to obey."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.nonces = {f"'nonce-{found}'" for found in re.findall(r'nonce="([^"]+)"', answer.content.decode())}
        self.refused: list[str] = []
        self.feed(answer.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        attributes = dict(attrs)
        is_code = tag == "style" or (tag == "script" and attributes.get("type") != "application/json")
        if is_code and "src" not in attributes and "nonce" not in attributes:
            self.refused.append(f"inline {tag}")
        self.refused += [f"{name} of {tag}" for name in attributes if name == "style" or name.startswith("on")]
        links = (attributes.get(name) or "" for name in ("src", "href", "action"))
        self.refused += [link for link in links if re.match(r"javascript:|https?://|//", link) and tag != "a"]


def assert_guarded(answer: Any) -> None:
    """Every header of the table, a policy without holes, and a page that keeps to it."""
    assert answer.getvalue() is not None, "a file ends by being read"
    policy, is_page = policy_of(answer), answer.get("Content-Type", "").startswith("text/html")
    is_picture = answer.wsgi_request.path.startswith("/media/") and not is_page
    differing = {"Cross-Origin-Resource-Policy"} if is_picture else set()
    wanted = EVERYWHERE | (OF_PAGES if is_page else {})
    assert {name for name, value in wanted.items() if answer.get(name) != value} == differing

    sources = [source for named in policy.values() for source in named]
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == (["'none'"],) * 3
    assert not [source for source in sources if "unsafe" in source or "*" in source or source.startswith("http")]
    if not is_page:
        assert set(policy) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    elif not answer.streaming:
        page = Page(answer)
        assert page.refused == []
        assert page.nonces <= set(policy["style-src"]) & set(policy["script-src"])


def test_every_address_of_the_route_table_is_guarded(db: None) -> None:
    client = Client(raise_request_exception=False)

    for place in [*map(address, ROUTES), *DOCUMENTATION, *OTHERS]:
        assert_guarded(client.get(place, headers={"Accept": "text/html"}))


def test_pages_of_who_is_logged_in_are_guarded(alice: User) -> None:
    browser = browser_of(alice)

    for place in ("/account/", "/account/factors/", "/account/factors/new/", "/account/password/"):
        assert_guarded(browser.get(place, follow=True))


def test_pages_of_the_admin_are_guarded(alice: User, carol: User, gateway: FakeGateway) -> None:
    ordered(alice, gateway)
    office = office_of(carol)

    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        pages = [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history", "delete") if row]
        for page in [reverse("admin:index"), reverse(f"{name}_changelist"), reverse(f"{name}_add"), *pages]:
            assert_guarded(office.get(page))


def explode(request: Any) -> None:
    raise RuntimeError


@override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("explode/", explode), *ours]}))
def test_error_that_nobody_expected_and_a_body_too_large_are_guarded(db: None) -> None:
    client = Client(raise_request_exception=False)

    assert_guarded(client.get("/explode/"))
    assert_guarded(client.post("/api/v1/auth/token/", "x" * 1_000_001, "application/json"))


def test_each_answer_has_a_nonce_of_its_own_and_one_that_cannot_be_guessed(db: None) -> None:
    pages = [Page(Client().get("/account/log-in/")).nonces for _ in range(5)]

    assert len(set.union(*pages)) == 5
    assert all(len(nonce) >= len("'nonce-'") + 22 for nonce in set.union(*pages))


def test_form_of_a_program_may_end_where_that_program_lives_and_nowhere_else(alice: User) -> None:
    client, _ = application("openid")
    page = browser_of(alice).get("/oauth/authorize/", asked(client, "openid"))
    back = re.match(r"https?://[^/]+", client.redirect_uris.split()[0])

    assert back
    assert policy_of(page)["form-action"] == ["'self'", back[0]]
    assert policy_of(browser_of(alice).get("/account/"))["form-action"] == ["'self'"]


def test_button_of_a_foreign_login_may_lead_to_its_provider(db: None, settings: Any) -> None:
    settings.SOCIAL_ISSUER = "https://login.example/realms/shop"

    assert policy_of(Client().get("/account/log-in/"))["form-action"] == ["'self'", "https://login.example"]


LOOK = """
import django, json
django.setup()
from django.test import Client
client = Client(headers={"host": "shop.example"})
asked = [("/admin/", True), ("/counter-7f3a/", True), ("/account/log-in/", True), ("/problems/out-of-stock/", True),
         ("/.well-known/openid-configuration", True), ("/account/log-in/", False)]
print(json.dumps([[answer.status_code, dict(answer.headers)] for path, secure in asked
                  for answer in [client.get(path, secure=secure)]]))
"""


@pytest.fixture(scope="module")
def production() -> list[tuple[int, dict[str, str]]]:
    """What production answers to LOOK, with an admin at a path of its own."""
    changes = {"DJANGO_SETTINGS_MODULE": "config.settings.production", "ADMIN_PATH": "/counter-7f3a"}
    given = SOUND | changes | {"PATH": os.environ["PATH"]}
    started = subprocess.run([sys.executable, "-c", LOOK], env=given, cwd=ROOT, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    return list(json.loads(started.stdout.splitlines()[-1]))


@pytest.mark.roadmap("security/security-misconfiguration")
def test_admin_stands_where_production_says_and_nowhere_else(production: Any) -> None:
    (known, _), (own, headers), *_ = production

    assert (known, own) == (404, 302)
    assert headers["Location"] == "/counter-7f3a/login/?next=/counter-7f3a/"


def test_production_gives_what_the_observatory_calls_a_plus(production: Any) -> None:
    """Mozilla's HTTP Observatory starts at 100 and takes away for each of these that is missing; A+ needs 100."""
    *secure, (status, plain) = production

    assert (status, plain["Location"]) == (301, "https://shop.example/account/log-in/")
    for _, headers in secure:
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
