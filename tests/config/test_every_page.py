"""The smoke test: carol opens every list of the admin, a stranger every public page, and nobody else gets in."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from orders.models import Order
from tests.factories import office_of, person
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

PUBLIC = [
    "/", "/api/v1/products/", "/api/v1/categories/", "/api/v1/cart/", "/api/schema/", "/api/docs/", "/api/redoc/",
    "/problems/out-of-stock/", "/api/versions/", "/healthz/live", "/healthz/ready", "/account/log-in/",
    "/account/log-out/", "/account/register/", "/account/registration/", "/account/forgotten-password/",
    "/account/new-password/", "/account/new-address/",
]  # fmt: skip
LISTS = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    """A paid order, so that the lists have something to show."""
    return ordered(alice, gateway)


@pytest.mark.roadmap("frameworks/django")
@pytest.mark.parametrize("page", PUBLIC)
def test_public_page_opens(db: None, page: str) -> None:
    assert Client().get(page).status_code == 200


@pytest.mark.roadmap("frameworks/django")
@pytest.mark.parametrize("name", LISTS)
def test_carol_opens_every_list_searches_it_and_opens_its_first_row(order: Order, carol: User, name: str) -> None:
    client = office_of(carol)
    model = next(model for model in admin.site._registry if name == f"{model._meta.app_label}_{model._meta.model_name}")

    statuses = [client.get(reverse(f"admin:{name}_changelist"), query).status_code for query in ({}, {"q": "desk"})]
    if row := model._default_manager.first():
        statuses.append(client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code)

    assert set(statuses) == {200}


@pytest.mark.parametrize("who", [None, "bob", "dave"])
def test_admin_shows_nothing_to_others(order: Order, who: str | None) -> None:
    client = office_of(person(who, is_staff=who == "dave")) if who else Client()

    assert client.get(reverse("admin:orders_order_changelist")).status_code == (403 if who == "dave" else 302)


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("name", LISTS)
def test_list_of_the_admin_costs_the_same_whatever_its_length(
    alice: User, carol: User, gateway: FakeGateway, name: str
) -> None:
    client = office_of(carol)
    costs: list[list[str]] = []

    for orders in (2, 6):
        for number in range(orders):
            ordered(alice, gateway, key=f"{orders}-{number}")
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(f"admin:{name}_changelist"))
        # A session is in Redis, and read from PostgreSQL when Redis is slow, as on a busy machine.
        costs.append([query["sql"] for query in captured if "django_session" not in query["sql"]])

    assert len(costs[0]) == len(costs[1]), costs
