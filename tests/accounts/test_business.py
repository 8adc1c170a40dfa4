"""Who becomes a business customer: whom a manager approves, in the admin, in writing; nobody by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import business, personal, roles
from accounts.models import SecurityEvent, User
from accounts.security_events import NOWHERE
from tests.accounts.test_strict_bodies import DOCUMENT, bodies, objects
from tests.answers import assert_problem
from tests.factories import manager, office_of, person

Api = Callable[..., APIClient]
ACCOUNT, USERS = "/api/v1/account/", "admin:accounts_user_changelist"
pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("commerce/permission-based-visibility")]


def act(client: Client, action: str, *users: User) -> Any:
    return client.post(reverse(USERS), {"action": action, "_selected_action": [user.pk for user in users]})


def is_business(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_business


def test_manager_approves_and_withdraws_in_writing(alice: User, api: Api) -> None:
    boss, client = person("boss", role="manager"), api(alice)
    office, shown = office_of(boss), [client.get(ACCOUNT).json()["is_business"]]

    for action in ("approve_business", "approve_business", "withdraw_business", "withdraw_business"):
        assert act(office, action, alice).status_code == 302
        shown.append(client.get(ACCOUNT).json()["is_business"])

    assert shown == [False, True, True, False, False]
    events = alice.security_events.filter(kind__startswith="business").order_by("id")
    assert [event.kind for event in events] == ["business-approved", "business-withdrawn"]
    assert {event.details["by"] for event in events} == {boss.pk}
    assert {event.address for event in events} == {"127.0.0.1"}


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("role", ["customer", "support", "warehouse"])
def test_no_other_role_approves_anybody(alice: User, role: str) -> None:
    """Not even if it could look at the users."""
    eve = person("eve", role=role)
    eve.user_permissions.add(Permission.objects.get(codename="view_user"))

    act(office_of(eve), "approve_business", alice)

    assert not is_business(alice)
    assert not SecurityEvent.objects.filter(kind="business-approved").exists()


def test_nobody_of_the_house_is_approved_themselves_least_of_all(carol: User) -> None:
    boss = person("boss", role="manager")

    act(office_of(boss), "approve_business", boss, carol)

    assert not is_business(boss)
    assert not is_business(carol)


def test_form_of_a_user_shows_the_mark_and_takes_none(carol: User, alice: User) -> None:
    office, page = office_of(carol), reverse("admin:accounts_user_change", args=[alice.pk])

    office.post(page, {"email": alice.email, "name": "Alice", "is_active": "on", "is_business": "on"})

    assert not is_business(alice)
    assert "Business customer" in office.get(page).content.decode()


@pytest.mark.asvs("15.3.3")
@pytest.mark.roadmap("security/broken-access-control")
def test_no_customer_can_set_it_for_themselves(alice: User, api: Api) -> None:
    """Mass assignment: the member is refused by name, with and without members that are good."""
    for body in ({"is_business": True}, {"name": "Alice", "is_business": True}):
        problem = assert_problem(api(alice).patch(ACCOUNT, body, format="json"), 400, "validation-failed")
        assert "#/is_business" in [error["pointer"] for error in problem["errors"]]
    made = {"token": "t", "name": "Eve", "password": "a-long-enough-one", "is_business": True}
    refused = api().post("/api/v1/auth/registrations/confirmation/", made, format="json")
    assert "#/is_business" in [error["pointer"] for error in refused.json()["errors"]]

    assert not is_business(alice)


@pytest.mark.parametrize("name", ["is_business", "trade_price", "cost"])
def test_no_body_of_the_api_has_the_member(name: str) -> None:
    takers = [
        operation for operation, schema in bodies() for part in objects(schema) if name in part.get("properties", ())
    ]

    assert takers == []
    shown = [shape for shape in DOCUMENT["components"]["schemas"].values() if name in shape.get("properties", ())]
    assert shown, "else this proves nothing"


def test_mark_goes_with_the_account_and_pays_for_nobody_who_works_here(alice: User) -> None:
    eve = person("eve")
    for user in (alice, eve):
        assert business.approve(user, by=manager(), origin=NOWHERE)

    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)
    roles.give(eve, "support")

    assert not is_business(alice)
    assert not business.approve(alice, by=manager(), origin=NOWHERE), "a closed account is nobody's"
    assert not User.objects.get(pk=eve.pk).pays_trade_prices
