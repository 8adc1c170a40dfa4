"""A password is changed by who knows it, or reset by who reads the mail; every other login ends, the owner is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import api_keys, passwords, tokens
from accounts.errors import LinkInvalid
from accounts.letters import links
from accounts.models import ApiKey, TokenFamily, User
from accounts.security_events import NOWHERE
from tests.answers import assert_problem
from tests.conftest import LettersSent
from tests.factories import browser_of, office_of, person, token_of
from tests.races.rivals import queued

CHANGE, ASK = "/api/v1/account/password/", "/api/v1/auth/password-resets/"
CONFIRM, SESSIONS = "/api/v1/auth/password-resets/confirmation/", "/api/v1/auth/sessions/"
OLD, NEW = "alice-shows-the-shop", "a desk made of walnut"
PAGE = "/account/password/"

Api = Callable[[User | None], APIClient]


def link_for(user: User, **when: Any) -> str:
    return links.token(links.PASSWORD_RESET, user=user.pk, mark=links.mark(links.PASSWORD_RESET, user), **when)


def confirm(client: APIClient, token: str, password: str = NEW) -> Any:
    return client.post(CONFIRM, {"token": token, "password": password}, format="json")


@pytest.mark.roadmap("auth/user-authentication", "auth/jwt-security")
@pytest.mark.asvs("6.2.2", "6.2.3", "6.3.7")
def test_change_ends_every_other_login_and_tells_the_owner(alice: User, api: Api, letters_sent: LettersSent) -> None:
    here, there = api(alice), api(alice)

    answer = here.post(CHANGE, {"current_password": OLD, "new_password": NEW}, format="json")

    assert (answer.status_code, answer.content) == (204, b"")
    assert User.objects.get().check_password(NEW)
    assert here.get(SESSIONS).status_code == 200
    assert_problem(there.get(SESSIONS), 401, "invalid-token")
    assert [letter.subject for letter in letters_sent()] == ["Your password was changed"]
    assert alice.security_events.filter(kind="password-changed").count() == 1


@pytest.mark.roadmap("auth/user-authentication", "auth/jwt-security")
@pytest.mark.asvs("6.2.2", "6.2.3", "6.3.7")
def test_change_on_the_page_is_the_same_change(alice: User, letters_sent: LettersSent) -> None:
    here, there = browser_of(alice), browser_of(alice)

    wrong = here.post(PAGE, {"current": "wrong", "new": NEW}).content.decode()
    weak = here.post(PAGE, {"current": OLD, "new": "passwordpassword"}).content.decode()
    good = here.post(PAGE, {"current": OLD, "new": NEW})

    assert "not your current password" in wrong
    assert "too common" in weak
    assert good["Location"] == "/account/"
    assert "Every other login has ended" in here.get("/account/").content.decode()
    assert there.get("/account/").status_code == 302
    assert [letter.subject for letter in letters_sent()] == ["Your password was changed"]
    assert alice.security_events.filter(kind="password-changed").count() == 1


@pytest.mark.asvs("6.3.1")
def test_page_is_no_way_to_guess_the_password(alice: User) -> None:
    client = browser_of(alice)

    statuses = [client.post(PAGE, {"current": f"wrong {turn}", "new": NEW}).status_code for turn in range(6)]

    assert statuses[-1] == 429
    assert User.objects.get().check_password(OLD)


@pytest.mark.asvs("6.3.7")
def test_admin_has_no_change_of_password_of_its_own(db: None) -> None:
    dave = person("dave", role="warehouse")
    client: Client = office_of(dave)

    answer = client.post(
        reverse("admin:password_change"),
        {"old_password": "dave-shows-the-shop", "new_password1": NEW, "new_password2": NEW},
    )

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert User.objects.get(pk=dave.pk).password == dave.password


@pytest.mark.asvs("6.2.3")
def test_change_without_the_current_password_changes_nothing(alice: User, api: Api) -> None:
    wrong = api(alice).post(CHANGE, {"current_password": "wrong", "new_password": NEW}, format="json")
    missing = api(alice).post(CHANGE, {"new_password": NEW}, format="json")
    guest = api(None).post(CHANGE, {"current_password": OLD, "new_password": NEW}, format="json")

    assert_problem(wrong, 403, "wrong-password")
    assert_problem(missing, 400, "validation-failed")
    assert_problem(guest, 401, "not-authenticated")
    assert User.objects.get().check_password(OLD)
    assert alice.security_events.filter(kind="login-failed").count() == 1


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/v1/account/password/", {"current_password": "GUESS", "new_password": "a-fresh-and-long-one"}),
        ("post", "/api/v1/account/email/", {"email": "alice@elsewhere.example", "password": "GUESS"}),
        ("post", "/api/v1/account/closure/", {"password": "GUESS"}),
    ],
)
def test_stolen_token_is_no_way_to_guess_the_password(alice: User, api: Api, method: str, path: str, body: Any) -> None:
    client = api(alice)
    for _ in range(5):
        assert_problem(getattr(client, method)(path, body, format="json"), 403, "wrong-password")

    right = {name: "alice-shows-the-shop" if value == "GUESS" else value for name, value in body.items()}

    assert_problem(getattr(client, method)(path, right, format="json"), 429, "too-many-attempts")


@pytest.mark.roadmap("auth/user-authentication")
@pytest.mark.asvs("6.4.3")
def test_link_from_the_letter_leads_to_a_new_password_and_ends_every_login(
    alice: User, api: Api, letters_sent: LettersSent
) -> None:
    phone = api(alice)
    assert api(None).post(ASK, {"email": "ALICE@example.com"}, format="json").status_code == 202
    token = letters_sent()[-1].body.partition("#")[2].split()[0]

    answer = confirm(api(None), token)

    assert (answer.status_code, answer.content) == (204, b"")  # and no tokens: the login asks for a second factor
    assert User.objects.get().check_password(NEW)
    assert_problem(phone.get(SESSIONS), 401, "invalid-token")
    assert letters_sent()[-1].subject == "Your password was changed"


@pytest.mark.roadmap("auth/user-authentication")
def test_link_is_good_once_for_an_hour_and_until_the_next_login(alice: User, api: Api) -> None:
    used, logged_in = link_for(alice), link_for(alice)
    old = link_for(alice, now=timezone.now() - timedelta(minutes=61))

    assert_problem(confirm(api(None), old), 422, "link-not-valid")
    tokens.log_in(alice, methods=["pwd"], origin=NOWHERE)
    assert_problem(confirm(api(None), logged_in), 422, "link-not-valid")
    used = link_for(alice)
    assert confirm(api(None), used).status_code == 204
    assert_problem(confirm(api(None), used, password="another desk of walnut"), 422, "link-not-valid")


def test_refused_password_leaves_the_link_good(alice: User, api: Api) -> None:
    token = link_for(alice)

    assert_problem(confirm(api(None), token, password="short"), 422, "weak-password")
    assert confirm(api(None), token).status_code == 204


def test_link_of_an_account_that_was_closed_opens_nothing(alice: User, api: Api) -> None:
    token = link_for(alice)
    User.objects.update(is_active=False)

    assert_problem(confirm(api(None), token), 422, "link-not-valid")


def two_resets_at_once(alice: User) -> list[str]:
    token = link_for(alice)
    acts = [lambda new=new: passwords.reset(token, password=new, origin=NOWHERE) for new in (NEW, NEW + "!")]
    return [type(outcome).__name__ for outcome in queued([alice], *acts)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.roadmap("auth/user-authentication")
def test_of_two_resets_with_one_link_the_first_wins(alice: User) -> None:
    assert two_resets_at_once(alice) == ["NoneType", "LinkInvalid"]
    assert User.objects.get().check_password(NEW)


@pytest.mark.django_db(transaction=True)
def test_without_a_look_at_the_hash_in_the_same_statement_both_win(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = QuerySet.filter
    monkeypatch.setattr(
        QuerySet,
        "filter",
        lambda rows, *q, **by: looking(rows, *q, **{name: by[name] for name in by if name != "password"}),
    )

    assert two_resets_at_once(alice) == ["NoneType", "NoneType"]


@pytest.mark.roadmap("auth/password-policy")
def test_password_that_an_admin_sets_ends_the_logins_too_and_is_remembered(
    alice: User, carol: User, letters_sent: LettersSent
) -> None:
    tokens.log_in(alice, methods=["pwd"], origin=NOWHERE)

    office_of(carol).post(f"/admin/accounts/user/{alice.pk}/password/", {"password1": NEW, "password2": NEW})

    assert User.objects.get(pk=alice.pk).check_password(NEW)
    assert not TokenFamily.objects.of(alice).open().exists()
    assert [letter.to for letter in letters_sent()] == [[alice.email]]
    with pytest.raises(LinkInvalid):
        passwords.reset("nonsense", password=NEW, origin=NOWHERE)


@pytest.mark.asvs("7.4.3")
def test_reset_ends_keys_that_somebody_else_may_have_made_and_a_change_does_not(alice: User, api: Api) -> None:
    login = TokenFamily.objects.get(pk=tokens.AccessToken(token_of(alice))["sid"])
    for name in ("batch", "thief"):
        api_keys.make(alice, name=name, scopes=["orders:read"], networks=[], lasts=timedelta(days=1), origin=NOWHERE)

    passwords.change(alice, current="alice-shows-the-shop", new="a-fresh-and-long-one", login=login.pk, origin=NOWHERE)
    assert ApiKey.objects.of(alice).open().count() == 2
    mark = links.mark(links.PASSWORD_RESET, alice)
    link = links.token(links.PASSWORD_RESET, user=alice.pk, email=alice.email, mark=mark)
    passwords.reset(link, password="another-fresh-and-long-one", origin=NOWHERE)

    assert not ApiKey.objects.of(alice).open().exists()
