"""The pages: in and out by form, nowhere else than into this shop, and nothing of them is kept by anybody."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import TokenFamily, User
from tests.factories import browser_of, person, token_of

ACCOUNT, LOG_IN, LOG_OUT = "/account/", "/account/log-in/", "/account/log-out/"
ALICE = {"email": "alice@example.com", "password": "alice-shows-the-shop"}


def test_visitor_is_sent_to_log_in_and_comes_back_to_the_page(alice: User) -> None:
    client = Client()
    sent = client.get(ACCOUNT)
    assert sent["Location"] == f"{LOG_IN}?next={ACCOUNT}"

    back = client.post(sent["Location"], ALICE)

    assert back["Location"] == ACCOUNT


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "\x00",
    ],
)
def test_login_leads_to_no_other_site(alice: User, elsewhere: str) -> None:
    by_form = Client().post(LOG_IN, ALICE | {"next": elsewhere})
    by_address = Client().post(LOG_IN, ALICE, query_params={"next": elsewhere})

    assert by_form["Location"] == by_address["Location"] == ACCOUNT
    assert b"evil" not in Client().get(LOG_IN, {"next": elsewhere}).content


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_refusal_does_not_say_what_was_wrong(alice: User, who: str) -> None:
    page = Client().post(LOG_IN, {"email": f"{who}@example.com", "password": "wrong"})

    assert page.status_code == 200
    assert b"There is no account with this e-mail address and password." in page.content
    assert b'wrong"' not in page.content.replace(b'class="wrong"', b"")


@pytest.mark.parametrize("typed", ["nul\x00", "\ud800", "x" * 200, ""])
def test_nonsense_is_refused_by_the_form(alice: User, typed: str) -> None:
    for field in ALICE:
        value = typed.encode("utf-8", "surrogatepass")
        assert Client().post(LOG_IN, ALICE | {field: value}).status_code == 200
    assert TokenFamily.objects.count() == 0


@pytest.mark.asvs("7.6.2")
@pytest.mark.parametrize("page", [LOG_IN, LOG_OUT, ACCOUNT, "/account/devices/log-out/"])
def test_form_from_another_site_is_refused(alice: User, page: str) -> None:
    browser = browser_of(alice)
    browser.handler.enforce_csrf_checks = True

    assert browser.post(page, ALICE).status_code in {403, 405}
    assert TokenFamily.objects.open().count() == 1


@pytest.mark.parametrize("page", [LOG_IN, LOG_OUT, ACCOUNT])
def test_no_cache_keeps_a_page(alice: User, page: str) -> None:
    assert "no-store" in browser_of(alice).get(page)["Cache-Control"]


@pytest.mark.roadmap("frameworks/session-management")
@pytest.mark.asvs("7.4.4")
def test_log_out_takes_a_post_and_ends_the_login(alice: User) -> None:
    browser = browser_of(alice)
    browser.get(LOG_OUT)
    assert TokenFamily.objects.open().count() == 1

    answer = browser.post(LOG_OUT)

    assert (answer["Location"], TokenFamily.objects.open().count()) == (LOG_IN, 0)
    assert browser.get(ACCOUNT).status_code == 302
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value == ""


def test_log_out_of_nobody_leads_to_the_login() -> None:
    assert Client().post(LOG_OUT)["Location"] == LOG_IN


def test_admin_has_no_door_of_its_own(carol: User) -> None:
    assert Client().get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert Client().get("/admin/login/?next=/admin/")["Location"] == f"{LOG_IN}?next=/admin/"

    browser_of(carol).post("/admin/logout/")

    assert TokenFamily.objects.open().count() == 0


@pytest.mark.roadmap("auth/server-side-session-stores")
@pytest.mark.asvs("7.4.3", "7.5.2")
@pytest.mark.roadmap("frameworks/mvc")
def test_account_lists_ones_devices_and_locks_one_out(alice: User, bob: User) -> None:
    here, there, bobs = browser_of(alice), browser_of(alice), browser_of(bob)
    token_of(alice)
    page = here.get(ACCOUNT).content.decode()
    others = [str(login.pk) for login in TokenFamily.objects.of(alice) if str(login.pk) != here.session["login"]]
    assert all(login in page for login in others)
    assert bobs.session["login"] not in page

    here.post(f"/account/devices/{there.session['login']}/log-out/")
    here.post(f"/account/devices/{bobs.session['login']}/log-out/")

    assert [browser.get(ACCOUNT).status_code for browser in (here, there, bobs)] == [200, 302, 200]


def test_all_others_go_at_once(alice: User) -> None:
    here, there = browser_of(alice), browser_of(alice)
    token_of(alice)

    here.post("/account/devices/log-out/")

    assert [browser.get(ACCOUNT).status_code for browser in (here, there)] == [200, 302]
    assert TokenFamily.objects.of(alice).open().count() == 1


def test_name_of_a_device_is_text_and_not_markup(alice: User) -> None:
    browser_of(alice)
    TokenFamily.objects.update(agent="<script>alert(1)</script>")

    page = browser_of(alice).get(ACCOUNT).content

    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page


def test_link_to_the_admin_is_for_staff(alice: User) -> None:
    assert b"behind the counter" not in browser_of(alice).get(ACCOUNT).content
    assert b"behind the counter" in browser_of(person("dave", role="warehouse")).get(ACCOUNT).content


@pytest.mark.asvs("6.2.6", "6.2.7")
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("page-log-in", {"current-password"}),
        ("page-confirm-registration", {"new-password"}),
        ("page-new-password", {"new-password"}),
    ],
)
def test_password_is_hidden_and_left_to_password_managers(client: Client, name: str, kinds: set[str]) -> None:
    page = client.get(reverse(name)).content.decode()
    fields = re.findall(r"<input[^>]*password[^>]*>", page)

    assert fields
    assert all('type="password"' in field for field in fields)
    assert {found for field in fields for found in re.findall(r'autocomplete="([^"]+)"', field)} == kinds
    assert "onpaste" not in page
    assert "readonly" not in page
