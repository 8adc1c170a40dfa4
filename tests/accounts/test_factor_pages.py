"""Second factors in the browser: a second step after the password, a page to set them up, and a closed staff area."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse, set_script_prefix
from django.utils import timezone

from accounts import passwords, sessions
from accounts.mfa import PROOF_LASTS
from accounts.models import Factor, TokenFamily, User
from accounts.security_events import NOWHERE
from tests.factories import app_of, browser_of, office_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/mfa")]
LOG_IN, CODE, ACCOUNT, FACTORS = "/account/log-in/", "/account/code/", "/account/", "/account/factors/"
NEW, PAPER, ADMIN = "/account/factors/new/", "/account/recovery-codes/", "/admin/"
OLD = PROOF_LASTS + timedelta(minutes=1)


def password_of(name: str, client: Client | None = None, **more: str) -> tuple[Client, Any]:
    """A browser in which somebody has typed their password, and what it got."""
    client = client or Client()
    form = {"email": f"{name}@example.com", "password": f"{name}-shows-the-shop", **more}
    return client, client.post(LOG_IN, form)


@pytest.mark.asvs("6.3.4")
def test_password_alone_opens_nothing_where_a_code_is_asked_for(alice: User) -> None:
    app = app_of(alice)
    client, sent = password_of("alice", next=FACTORS)

    assert sent["Location"] == f"{CODE}?next=%2Faccount%2Ffactors%2F"
    assert client.get(ACCOUNT).status_code == 302
    assert TokenFamily.objects.count() == 0

    assert client.post(sent["Location"], {"code": app.now()})["Location"] == FACTORS
    assert client.get(ACCOUNT).status_code == 200
    assert TokenFamily.objects.get().methods == ["pwd", "otp"]


@pytest.mark.asvs("7.2.4")
def test_session_has_a_new_id_after_each_step(alice: User) -> None:
    app = app_of(alice)
    client, _sent = password_of("alice")
    halfway = client.session.session_key

    client.post(CODE, {"code": app.now()})

    assert client.session.session_key not in {halfway, None}
    assert sessions.HALFWAY not in client.session


def test_wrong_code_is_said_beside_the_field_and_guessing_ends(alice: User) -> None:
    app_of(alice)
    client, _sent = password_of("alice")

    pages = [client.post(CODE, {"code": code}).content.decode() for code in ["000000"] * 6]

    assert ["wrong or was used" in page for page in pages] == [True] * 5 + [False]
    assert "Too many wrong codes" in pages[5]


@pytest.mark.parametrize("typed", ["nul\x00", "x" * 41, "", "\ud800"])
def test_nonsense_is_refused_by_the_form(alice: User, typed: str) -> None:
    app_of(alice)
    client, _sent = password_of("alice")

    assert client.post(CODE, {"code": typed.encode("utf-8", "surrogatepass")}).status_code == 200
    assert TokenFamily.objects.count() == 0


def test_password_waits_ten_minutes_for_its_code(alice: User) -> None:
    app = app_of(alice)
    client, _sent = password_of("alice")
    session = client.session
    session[sessions.HALFWAY] = [alice.pk, timezone.now().timestamp() - 1, alice.get_session_auth_hash()]
    session.save()

    assert client.post(CODE, {"code": app.now()})["Location"].startswith(LOG_IN)


def test_password_that_was_replaced_meanwhile_waits_for_no_code(alice: User) -> None:
    app = app_of(alice)
    client, _sent = password_of("alice")

    passwords.change(alice, current="alice-shows-the-shop", new="quite another thing 77", login=None, origin=NOWHERE)

    assert client.post(CODE, {"code": app.now()})["Location"].startswith(LOG_IN)


def test_code_page_without_a_password_before_it_leads_to_the_login(alice: User) -> None:
    app_of(alice)

    assert Client().get(CODE)["Location"].startswith(LOG_IN)
    assert (
        Client().post(CODE, {"code": "000000", "next": "//evil.example/"})["Location"] == f"{LOG_IN}?next=%2Faccount%2F"
    )


@pytest.mark.asvs("7.5.1")
def test_whole_life_of_a_factor_in_the_browser(alice: User) -> None:
    client = browser_of(alice)
    assert client.post(FACTORS)["Location"] == NEW
    page = client.get(NEW).content.decode()
    secret = re.search(r"<pre>(\w{32})</pre>", page)
    assert secret is not None
    assert 'src="data:image/svg+xml' in page

    app = pyotp.TOTP(secret[1])
    codes = re.findall(r"(?:[A-Z2-7]{6}-){3}[A-Z2-7]{6}", client.post(NEW, {"code": app.now()}).content.decode())

    assert len(codes) == 10
    assert "10 recovery codes left" in client.get(FACTORS).content.decode()
    assert codes[0] not in client.post(PAPER).content.decode()
    assert client.post(f"{FACTORS}{Factor.objects.get().pk}/removal/")["Location"] == FACTORS
    assert not Factor.objects.exists()
    assert client.post(PAPER)["Location"] == FACTORS


def test_wrong_first_code_shows_the_same_picture_again(alice: User) -> None:
    client = browser_of(alice)
    client.post(FACTORS)
    pages = [client.get(NEW), client.post(NEW, {"code": "000000"})]

    pictures = [re.search(r'src="(data:[^"]+)"', page.content.decode()) for page in pages]

    assert pictures[0] and pictures[1] and pictures[0][1] == pictures[1][1]  # noqa: PT018 - for the type checker
    assert not Factor.objects.confirmed().exists()


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize("page", [FACTORS, NEW, PAPER])
def test_factors_are_shown_and_changed_only_after_a_fresh_proof(alice: User, page: str) -> None:
    stale = browser_of(alice, now=timezone.now() - OLD + timedelta(minutes=1))
    TokenFamily.objects.update(authenticated_at=timezone.now() - OLD)
    assert stale.post(FACTORS)["Location"].startswith(LOG_IN)
    app_of(alice)

    assert browser_of(alice).post(FACTORS)["Location"].startswith(CODE)
    assert browser_of(alice).post(f"{FACTORS}{Factor.objects.get().pk}/removal/")["Location"].startswith(CODE)
    assert Client().get(page)["Location"].startswith(LOG_IN)


def test_somebody_elses_factor_stays(alice: User, bob: User) -> None:
    app_of(alice)

    browser_of(bob).post(f"{FACTORS}{Factor.objects.get().pk}/removal/")

    assert Factor.objects.filter(user=alice).exists()


@pytest.mark.asvs("8.4.2")
@pytest.mark.roadmap("auth/authorization-middleware-and-decorators")
def test_staff_area_is_closed_until_a_second_factor_is_set_up_and_shown(carol: User) -> None:
    client = browser_of(carol)
    assert client.get(ADMIN, follow=True).redirect_chain[-1][0].startswith(FACTORS)

    app = app_of(carol)
    sent = client.get("/admin/orders/order/?q=desk")
    assert sent["Location"] == f"{CODE}?next=%2Fadmin%2Forders%2Forder%2F%3Fq%3Ddesk"

    assert client.post(sent["Location"], {"code": app.now()})["Location"] == "/admin/orders/order/?q=desk"
    assert client.get(ADMIN).status_code == 200


def test_customer_and_visitor_get_the_admins_own_answer(alice: User) -> None:
    for client in (Client(), browser_of(alice)):
        assert client.get(ADMIN)["Location"] == "/admin/login/?next=/admin/"


@pytest.mark.asvs("7.5.3")
@pytest.mark.roadmap("auth/authorization-middleware-and-decorators")
def test_role_changes_need_a_code_of_the_last_minutes_and_reading_does_not(carol: User) -> None:
    eve, office = person("eve"), office_of(carol)
    page = reverse("admin:accounts_user_change", args=[eve.pk])
    form = {"email": eve.email, "name": "Eve", "is_active": "on", "groups": [Group.objects.get(name="support").pk]}
    TokenFamily.objects.update(authenticated_at=timezone.now() - OLD)

    assert office.get(page).status_code == 200
    refused = office.post(page, form)

    assert refused["Location"].startswith(CODE)
    assert "Nothing was changed" in office.get(refused["Location"]).content.decode()
    assert not eve.groups.exists()
    TokenFamily.objects.update(authenticated_at=timezone.now())
    office.post(page, form)
    assert eve.groups.get().name == "support"


def test_somebody_without_a_password_sets_up_a_factor_after_a_fresh_login_from_elsewhere(alice: User) -> None:
    assert browser_of(alice, methods=["social"]).post(FACTORS)["Location"] == NEW
    app_of(alice)

    assert browser_of(alice, methods=["social"]).post(FACTORS)["Location"].startswith(CODE)


def test_staff_area_is_closed_in_a_shop_under_a_prefix_as_well(carol: User) -> None:
    client = browser_of(carol)

    set_script_prefix("/shop/")
    try:
        answer = client.get(ADMIN, SCRIPT_NAME="/shop")
    finally:
        set_script_prefix("/")

    assert answer["Location"].startswith("/shop/account/code/")
