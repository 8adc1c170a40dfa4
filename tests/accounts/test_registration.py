"""Registration: the address is proven first, no answer tells who is here, and one link makes one account."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from accounts import registration
from accounts.errors import LinkInvalid
from accounts.letters import links
from accounts.models import User
from accounts.security_events import NOWHERE
from tests.answers import assert_problem
from tests.conftest import LettersSent
from tests.factories import product
from tests.races.rivals import Rival

ASK, CONFIRM = "/api/v1/auth/registrations/", "/api/v1/auth/registrations/confirmation/"
GOOD = "a desk made of walnut"

Api = Callable[[User | None], APIClient]


@pytest.fixture
def guest(db: None, api: Api) -> APIClient:
    return api(None)


def confirm(client: APIClient, token: str, **changes: Any) -> Any:
    return client.post(CONFIRM, {"token": token, "name": "Eve", "password": GOOD} | changes, format="json")


def link_for(email: str = "eve@example.com") -> str:
    return links.token(links.REGISTRATION, email=email)


@pytest.mark.roadmap("auth/user-authentication")
@pytest.mark.asvs("6.4.1")
def test_letter_name_and_password_become_an_account_that_is_logged_in(
    guest: APIClient, letters_sent: LettersSent
) -> None:
    assert guest.post(ASK, {"email": "Eve@Example.com"}, format="json").status_code == 202
    assert not User.objects.exists()
    [letter] = letters_sent()

    answer = confirm(guest, letter.body.partition("#")[2].split()[0])

    assert answer.status_code == 201
    headers = {"Authorization": f"Bearer {answer.json()['access']}"}
    assert guest.get("/api/v1/orders/", headers=headers).status_code == 200
    eve = User.objects.get(email="eve@example.com")
    assert (eve.name, eve.check_password(GOOD), eve.is_staff) == ("Eve", True, False)
    assert [event.kind for event in eve.security_events.all()] == ["login", "registered"]


@pytest.mark.roadmap("auth/user-authentication")
def test_cart_of_the_guest_comes_along(guest: APIClient) -> None:
    desk = product(sku="DESK")
    token = guest.post("/api/v1/cart/lines/", {"sku": desk.sku}, format="json")["X-Cart-Token"]

    guest.credentials(HTTP_X_CART_TOKEN=token)
    confirm(guest, link_for())

    assert User.objects.get().cart.lines.get().product == desk


@pytest.mark.roadmap("auth/user-authentication")
def test_link_makes_one_account_only(guest: APIClient) -> None:
    token = link_for()

    assert confirm(guest, token).status_code == 201
    assert_problem(confirm(guest, token, password="another one of walnut"), 422, "link-not-valid")
    assert User.objects.get().check_password(GOOD)


def test_link_for_another_purpose_makes_no_account(guest: APIClient) -> None:
    token = links.token(links.PASSWORD_RESET, email="eve@example.com")

    assert_problem(confirm(guest, token), 422, "link-not-valid")
    assert_problem(confirm(guest, "é:nonsense"), 422, "link-not-valid")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "eve"}, "#/email"),
        ({"email": "eve@example.com\nBcc: all@example.com"}, "#/email"),
        ({"email": f"{'e' * 250}@example.com"}, "#/email"),
        ({"email": "eve@example.com\x00"}, "#/email"),
        ({"email": ["eve@example.com"]}, "#/email"),
        ({"email": "eve@example.com", "password": GOOD}, "#/password"),
    ],
)
def test_address_that_is_none_is_pointed_at(body: Any, pointer: str, guest: APIClient) -> None:
    problem = assert_problem(guest.post(ASK, body, format="json"), 400, "validation-failed")

    assert {error["pointer"] for error in problem["errors"]} == {pointer}


@pytest.mark.parametrize("name", ["", "E\nve", "Eve\x00", "\u202eevE", "x" * 151, 7.5, None])
def test_name_is_one_line_of_print(name: Any, guest: APIClient) -> None:
    assert_problem(confirm(guest, link_for(), name=name), 400, "validation-failed")


def test_number_is_no_password(guest: APIClient) -> None:
    assert_problem(confirm(guest, link_for(), password=837465920173), 400, "validation-failed")


def two_confirm_at_once() -> list[Any]:
    """Both have looked and found the address free; they meet at a row of the same address that is not committed."""
    token = link_for()
    with transaction.atomic():
        User.objects.create(email="eve@example.com")
        rivals = [
            Rival(lambda: registration.confirm(token, name="Eve", password=GOOD, origin=NOWHERE)).start_and_wait()
            for _ in range(2)
        ]
        transaction.set_rollback(True)
    return sorted(type(rival.ended()).__name__ for rival in rivals)


@pytest.mark.django_db(transaction=True)
@pytest.mark.roadmap("auth/user-authentication")
def test_two_confirmations_at_once_make_one_account() -> None:
    assert two_confirm_at_once() == ["LinkInvalid", "User"]
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_unique_address_they_make_two() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT accounts_user_email_key")
        try:
            assert two_confirm_at_once() == ["User", "User"]
        finally:
            User.objects.all().delete()
            cursor.execute("ALTER TABLE accounts_user ADD CONSTRAINT accounts_user_email_key UNIQUE (email)")


def test_registered_address_is_refused_at_the_confirmation_only(alice: User) -> None:
    with pytest.raises(LinkInvalid):
        registration.confirm(link_for(alice.email), name="Eve", password=GOOD, origin=NOWHERE)
    assert User.objects.get().check_password("alice-shows-the-shop")
