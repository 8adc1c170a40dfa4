"""A manager stops the sales of a running shop, everybody hears of it within seconds, and nobody loses anything."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from orders.models import Cart, Order
from shop import switches
from shop.models import Switch
from tests.factories import cart_of, office_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the switches, in seconds: change its one item."""
    clock = [1000.0]
    monkeypatch.setattr(switches, "monotonic", lambda: clock[0])
    switches.forget()
    return clock


def press(client: APIClient, key: str) -> object:
    return client.post("/api/v1/orders/", BODY, format="json", headers={"Idempotency-Key": key})


@pytest.mark.roadmap("workflow/configuration-management")
@pytest.mark.django_db(transaction=True)
def test_paused_shop_refuses_new_purchases_and_keeps_the_cart(
    alice: User, api: Api, provider: FakeGateway, now: list[float]
) -> None:
    cart_of(alice, (product(), 1))
    Switch.objects.create(name="sales", is_on=False, note="Stocktaking until noon.")

    refused = press(api(alice), "key-1")

    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert refused.json()["type"] == "/problems/sales-paused/"
    assert refused.json()["detail"] == "Stocktaking until noon."
    assert (Order.objects.count(), Cart.objects.get(user=alice).lines.count(), provider.calls) == (0, 1, [])

    Switch.objects.update(is_on=True)
    now[0] += switches.FRESH_FOR

    assert press(api(alice), "key-1").status_code == 201  # the same key: nothing was kept of the refusal


@pytest.mark.roadmap("workflow/configuration-management")
@pytest.mark.django_db(transaction=True)
def test_who_has_bought_is_answered_while_the_shop_is_paused(
    alice: User, api: Api, provider: FakeGateway, now: list[float]
) -> None:
    cart_of(alice, (product(), 1))
    first = press(api(alice), "key-1")
    Switch.objects.create(name="sales", is_on=False)
    now[0] += switches.FRESH_FOR

    again = press(api(alice), "key-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


@pytest.mark.roadmap("workflow/configuration-management")
def test_process_looks_once_in_five_seconds(
    now: list[float], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert [switches.look("sales") for _ in range(3)] == [(True, "")] * 3

    Switch.objects.create(name="sales", is_on=False)
    now[0] += switches.FRESH_FOR - 0.1
    with django_assert_num_queries(0):
        assert switches.look("sales") == (True, "")
    now[0] += 0.1
    with django_assert_num_queries(1):
        assert switches.look("sales") == (False, "")


def test_name_that_the_code_does_not_ask_about_is_none(now: list[float]) -> None:
    with pytest.raises(KeyError):
        switches.look("moonlight")


def test_manager_turns_it_in_the_admin_and_this_process_has_heard_at_once(carol: User, now: list[float]) -> None:
    client = office_of(carol)
    switches.look("sales")

    client.post(reverse("admin:shop_switch_add"), {"name": "sales", "note": "Back at noon."})

    assert switches.look("sales") == (False, "Back at noon.")
