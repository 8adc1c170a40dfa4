"""Two shops, each with its own database: people of the one log in to the other. Each is any provider to the other."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import ExternalIdentity, User
from deploy.local.stack import Stack
from deploy.partner.browser import Browser
from tests.factories import person

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.roadmap("auth/social-login"), pytest.mark.serial,
]  # fmt: skip


@pytest.fixture
def here(transactional_db: None, shop_stack: Stack, settings: Any) -> Iterator[str]:
    """This shop under the name localhost; the other one is 127.0.0.1, so no cookie of the one reaches the other."""
    server = LiveServer("localhost")
    back = f"{server.url}/account/social/back/"
    scopes = ("--scope", "openid", "--scope", "email", "--scope", "profile")
    client = shop_stack.manage("register_client", "The shop next door", "--back", back, *scopes).split()
    settings.SITE_URL, settings.SOCIAL_ISSUER, settings.SOCIAL_LABEL = server.url, shop_stack.url, "the other shop"
    settings.SOCIAL_CLIENT_ID, settings.SOCIAL_CLIENT_SECRET = client[-2:]
    yield server.url
    server.stop()


def go_there(here: str, browser: Browser, *, log_in: bool = True) -> Browser:
    """Press our button, and log in over there as bob."""
    browser.go(f"{here}/account/log-in/").press(to=f"{here}/account/social/")
    browser.enter(browser.left_for)
    return browser.log_in("bob@example.com", "bob-shows-the-shop") if log_in else browser


def test_somebody_of_the_other_shop_agrees_there_and_is_logged_in_here(here: str, shop_stack: Stack) -> None:
    browser = go_there(here, Browser(here))
    assert "The shop next door asks for access" in browser.page

    browser.press("allow")
    browser.enter(browser.left_for)

    assert "Your account" in browser.page
    assert "bob@example.com" in browser.page
    bob = User.objects.get()
    assert (bob.name, bob.has_usable_password()) == ("Bob", False)
    assert bob.identities.get().issuer == shop_stack.url


def test_somebody_who_declines_there_is_nobody_here(here: str) -> None:
    browser = go_there(here, Browser(here)).press()

    browser.enter(browser.left_for)

    assert (browser.status, "You did not agree" in browser.page) == (400, True)
    assert not User.objects.exists()


def test_somebody_with_an_account_here_logs_in_first_and_links_the_two(here: str) -> None:
    bob, stranger, owner = person("bob"), Browser(here), Browser(here)
    go_there(here, stranger).press("allow")
    stranger.enter(stranger.left_for)
    assert (stranger.status, ExternalIdentity.objects.exists()) == (403, False)

    owner.go(f"{here}/account/log-in/").log_in("bob@example.com", "bob-shows-the-shop")
    go_there(here, owner).press("allow")
    owner.enter(owner.left_for)

    assert "Your account" in owner.page
    assert bob.identities.count() == 1
    go_there(here, stranger, log_in=False).press("allow")
    stranger.enter(stranger.left_for)
    assert "Your account" in stranger.page
