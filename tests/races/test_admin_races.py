"""What is saved behind the counter while somebody else writes to it: what they wrote is not written over."""

from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from accounts import business, personal
from accounts.models import User
from accounts.security_events import NOWHERE
from shop.models import Product
from tests.factories import office_of, person, product
from tests.races import walls
from tests.races.rivals import queued

pytestmark = [pytest.mark.roadmap("databases/acid"), pytest.mark.django_db(transaction=True)]
NEW_PASSWORD = "another-long-pass-phrase-9"
Save = Callable[[Client, User], int]


def save_form(office: Client, user: User) -> int:
    form = {"email": user.email, "name": "Alicia", "is_active": "on"}
    return office.post(reverse("admin:accounts_user_change", args=[user.pk]), form).status_code


def set_password(office: Client, user: User) -> int:
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    return office.post(reverse("admin:auth_user_password_change", args=[user.pk]), form).status_code


either_page = pytest.mark.parametrize("save", [save_form, set_password])


@pytest.fixture
def office(carol: User) -> Client:
    return office_of(carol)


def withdraw_and(save: Save, office: Client, carol: User, alice: User) -> list[object]:
    business.approve(alice, by=carol, origin=NOWHERE)
    withdraw = partial(business.withdraw, alice, by=carol, origin=NOWHERE)
    return queued([alice], withdraw, partial(save, office, alice))


@either_page
@pytest.mark.roadmap("commerce/permission-based-visibility")
def test_business_customer_who_is_none_any_more_is_not_made_one_again(
    carol: User, alice: User, office: Client, save: Save
) -> None:
    assert withdraw_and(save, office, carol, alice) == [True, 302]

    assert not User.objects.get(pk=alice.pk).is_business


@either_page
def test_without_the_row_lock_they_are(
    carol: User, alice: User, office: Client, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls.no_row_locks(monkeypatch)

    withdraw_and(save, office, carol, alice)

    assert User.objects.get(pk=alice.pk).is_business


@either_page
def test_account_that_is_closed_at_that_moment_stays_closed(alice: User, office: Client, save: Save) -> None:
    close = partial(personal.close, alice, password="alice-shows-the-shop", origin=NOWHERE)

    assert queued([alice], close, partial(save, office, alice)) == [None, 403]

    closed = User.objects.get(pk=alice.pk)
    assert (closed.is_closed, closed.is_active, closed.name) == (True, False, "")
    assert not closed.has_usable_password()


def price_at_once() -> list[int]:
    """Two managers have opened the form of one product; both save another price at once. Returns the statuses."""
    desk = product(price=300)
    page = reverse("admin:shop_product_change", args=[desk.pk])
    offices = [office_of(person(name, role="manager")) for name in ("mia", "eve")]
    forms = [office.get(page).context["adminform"].form for office in offices]
    shown = [{f.html_name: f.field.prepare_value(f.value()) for f in form if f.value() is not None} for form in forms]
    return queued(
        [desk],
        lambda: offices[0].post(page, shown[0] | {"price": "330.00"}).status_code,
        lambda: offices[1].post(page, shown[1] | {"price": "270.00"}).status_code,
    )


def test_of_two_managers_who_save_one_form_at_once_the_second_is_told(transactional_db: None) -> None:
    assert price_at_once() == [302, 200]

    assert Product.objects.get().price == 330


def test_without_the_row_lock_the_first_price_is_lost(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walls.no_row_locks(monkeypatch)

    assert price_at_once() == [302, 302]

    assert Product.objects.get().price == 270
