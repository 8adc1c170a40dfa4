"""Another site has alice's browser send something: her cookie comes along, and nothing happens."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, get_resolver
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.models import TokenFamily, User
from config.browsers.origins import OwnFormsMiddleware
from tests.answers import assert_problem
from tests.config.test_every_route import routes
from tests.factories import browser_of, token_of

pytestmark = pytest.mark.roadmap("security/csrf")
EVIL = {"Origin": "https://evil.example", "Referer": "https://evil.example/prize/"}
PASSWORD, OTHERS, EMAIL = "/account/password/", "/account/devices/log-out/", "/api/v1/account/email/"
WISH = {"email": "mallory@example.com", "password": "alice-shows-the-shop"}


@pytest.fixture
def victim(alice: User) -> Client:
    """Alice's browser, with her cookies and with the checks that tests usually have switched off."""
    browser = browser_of(alice)
    browser.handler.enforce_csrf_checks = True
    browser.get(PASSWORD)  # sets the cookie of the forms
    return browser


def token_in(browser: Client) -> dict[str, str]:
    """The token that a page of ours has in its forms; another site cannot read it, and here it has it all the same."""
    page = browser.get(PASSWORD)
    return {"csrfmiddlewaretoken": str(page.context["csrf_token"])}


def test_change_of_the_address_by_another_site_is_refused(alice: User, victim: Client) -> None:
    answer = victim.post(EMAIL, WISH, "application/json", headers=EVIL)

    assert_problem(answer, 401, "not-authenticated")
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


@pytest.mark.parametrize("page", [PASSWORD, OTHERS, "/account/new-address/", "/account/log-out/", "/admin/logout/"])
def test_form_of_another_site_does_nothing_with_her_cookie(alice: User, victim: Client, page: str) -> None:
    password, logins = alice.password, TokenFamily.objects.open().count()

    answer = victim.post(page, {"current": WISH["password"], "password": "mallory-chose-this-one"}, headers=EVIL)

    alice.refresh_from_db()
    assert answer.status_code == 403
    assert (alice.password, TokenFamily.objects.open().count()) == (password, logins)


@pytest.mark.parametrize(
    "sent",
    [
        EVIL,  # Django compares Origin
        {"Origin": "null"},  # what a sandboxed frame sends
        {"Sec-Fetch-Site": "cross-site"},  # ours; a browser that says no more than that
        {"Sec-Fetch-Site": "same-site"},  # another host of ours, which has no business here either
    ],
    ids=str,
)
def test_token_alone_opens_nothing_to_another_site(victim: Client, sent: dict[str, str]) -> None:
    assert victim.post(OTHERS, token_in(victim), headers=sent).status_code == 403


@pytest.mark.parametrize("sent", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}], ids=str)
def test_form_of_ours_with_its_token_is_heard(victim: Client, sent: dict[str, str]) -> None:
    assert victim.post(OTHERS, token_in(victim), headers=sent).status_code == 302


def test_form_of_ours_without_its_token_is_refused(victim: Client) -> None:
    assert victim.post(OTHERS, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 403
    assert victim.post(OTHERS, {"csrfmiddlewaretoken": "a" * 64}).status_code == 403


def test_bearer_token_needs_no_other_and_may_come_from_anywhere(alice: User, api: Callable[..., APIClient]) -> None:
    strict = APIClient(enforce_csrf_checks=True)
    strict.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(alice)}")

    answer = strict.get("/api/v1/account/", headers=EVIL | {"Sec-Fetch-Site": "cross-site"})
    written = strict.post("/api/v1/cart/lines/", {"sku": "NONE"}, format="json", headers=EVIL)

    assert answer.status_code == 200
    assert_problem(written, 404, "unknown-product")
    assert "Access-Control-Allow-Origin" not in answer, "the script of another site may not read it"


def test_what_needs_no_token_of_a_form_looks_at_no_cookie() -> None:
    """`csrf_exempt` is right only where a cookie opens nothing: REST views, and the endpoints for programs."""
    exempt = [route for route in routes(get_resolver()) if getattr(route.callback, "csrf_exempt", False)]

    assert exempt
    assert [route for route in exempt if not _is_blind(route)] == []


def _is_blind(route: URLPattern) -> bool:
    view: Any = getattr(route.callback, "cls", None)
    if view and issubclass(view, APIView):
        names = {authenticator.__name__ for authenticator in view.authentication_classes}
        return "SessionAuthentication" not in names
    return getattr(getattr(route.callback, "view_class", None), "is_for_programs", False)


def test_cookies_do_not_travel_with_a_foreign_form() -> None:
    assert (settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE) == ("Lax", "Lax")
    assert f"{OwnFormsMiddleware.__module__}.{OwnFormsMiddleware.__qualname__}" in settings.MIDDLEWARE
