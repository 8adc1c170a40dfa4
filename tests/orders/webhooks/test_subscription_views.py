"""Subscriptions over HTTP: who may open one, where it may lead, and what its log shows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from orders.models import OutboxMessage, WebhookDelivery, WebhookSubscription
from orders.webhooks import subscriptions
from orders.webhooks.subscriptions import Opened
from tests.answers import assert_problem
from tests.factories import office_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("api/rest-resource-design")]
URL, HOOK = "/api/v1/webhooks/subscriptions/", "http://127.0.0.1:8099/hook"
WISH = {"url": HOOK, "events": ["order.paid"]}
Api = Callable[..., APIClient]


@pytest.fixture
def office(carol: User, api: Api) -> APIClient:
    """carol, who has just shown a second factor."""
    return api(carol, "pwd", "otp")


@pytest.fixture
def opened(carol: User) -> Opened:
    return subscriptions.subscribe(carol, **WISH)


def delivery_of(row: WebhookSubscription, **fields: Any) -> WebhookDelivery:
    return WebhookDelivery.objects.create(id=uuid4(), subscription=row, type="order.paid", body="{}", **fields)


def test_whole_life_of_a_subscription(office: APIClient) -> None:
    answer = office.post(URL, WISH, format="json")
    made = answer.json()
    place = f"{URL}{made['subscription']['id']}/"

    assert (answer.status_code, made["secret"][:6], answer["Cache-Control"]) == (201, "whsec_", "no-store")
    assert office.get(place).json() == made["subscription"]
    assert office.get(URL).json()["results"] == [made["subscription"]]
    changed = office.patch(place, {"events": ["order.refunded", "order.paid", "order.paid"]}, format="json").json()
    assert (changed["events"], changed["url"]) == (["order.paid", "order.refunded"], HOOK)
    assert office.patch(place, {"is_active": False}, format="json").json()["disabled_at"]
    assert office.patch(place, {"is_active": True}, format="json").json()["is_active"]
    rotated = office.post(f"{place}rotation/", {"overlap_hours": 2}, format="json").json()
    assert rotated["secret"] != made["secret"]
    assert rotated["subscription"]["old_secret_until"]
    assert office.delete(place).status_code == 204
    assert_problem(office.get(place), 404, "not-found")


@pytest.mark.roadmap("security/ssrf")
@pytest.mark.parametrize("url", ["https://10.0.0.7/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"])
def test_address_inside_is_refused_when_opened_and_when_changed(office: APIClient, opened: Opened, url: str) -> None:
    assert_problem(office.post(URL, WISH | {"url": url}, format="json"), 422, "target-refused")
    assert_problem(office.patch(f"{URL}{opened.row.pk}/", {"url": url}, format="json"), 422, "target-refused")
    assert WebhookSubscription.objects.get().url == HOOK


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("role", ["customer", "support", "warehouse"])
def test_who_does_not_run_the_shop_sees_and_opens_none(api: Api, opened: Opened, role: str) -> None:
    client = api(person("dave", role=role), "pwd", "otp")

    for answer in (client.get(URL), client.post(URL, WISH, format="json"), client.get(f"{URL}{opened.row.pk}/")):
        assert_problem(answer, 403, "not-allowed")


def test_manager_without_a_second_factor_looks_and_changes_nothing(api: Api, opened: Opened) -> None:
    client = api(person("mia", role="manager"))
    place = f"{URL}{opened.row.pk}/"

    assert client.get(place).status_code == 200
    for answer in (
        client.post(URL, WISH, format="json"),
        client.patch(place, {"is_active": False}, format="json"),
        client.delete(place),
        client.post(f"{place}rotation/", {}, format="json"),
    ):
        assert_problem(answer, 403, "step-up-required")


def test_change_of_the_address_leaves_alone_what_was_switched_off_meanwhile(opened: Opened) -> None:
    read_before = WebhookSubscription.objects.get()
    subscriptions.change(opened.row, is_active=False)

    subscriptions.change(read_before, url=f"{HOOK}2")

    row = WebhookSubscription.objects.get()
    assert (row.url, bool(row.disabled_at)) == (f"{HOOK}2", True)


@pytest.mark.parametrize("change", [{"events": []}, {"events": ["order.made"]}, {"url": 7}, {"secret": "whsec_mine"}])
def test_wish_of_the_wrong_shape_is_refused(office: APIClient, change: dict[str, Any]) -> None:
    assert_problem(office.post(URL, WISH | change, format="json"), 400, "validation-failed")


def test_shop_has_so_many_subscriptions_and_no_more(
    office: APIClient, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 1)

    assert assert_problem(office.post(URL, WISH, format="json"), 409, "too-many-subscriptions")["most"] == 1


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("rows", [1, 5])
def test_log_shows_how_sending_went_in_the_same_queries(office: APIClient, opened: Opened, rows: int) -> None:
    for _ in range(rows):
        delivery_of(opened.row, status="dead", attempts=8, answered=500, error="no")
    delivery_of(subscriptions.subscribe(opened.row.owner, **WISH).row)

    with CaptureQueriesContext(connection) as captured:
        found = office.get(f"{URL}{opened.row.pk}/deliveries/").json()["results"]

    asked = [query for query in captured if "webhook" in query["sql"]]
    assert (len(found), len(asked)) == (rows, 2)
    assert (found[0]["status"], found[0]["answered"]) == ("dead", 500)
    assert found[0]["webhook_id"].startswith("msg_")


def test_replay_promises_one_more_round(office: APIClient, opened: Opened) -> None:
    dead = delivery_of(opened.row, status="dead", attempts=8)
    place = f"{URL}{opened.row.pk}/deliveries/{dead.pk}/replay/"

    answers = [office.post(place) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["status"] == "pending"
    assert OutboxMessage.objects.filter(topic="webhook.delivery", payload__delivery=str(dead.pk)).count() == 1


@pytest.mark.roadmap("security/broken-access-control")
def test_delivery_of_another_subscription_does_not_exist(office: APIClient, opened: Opened) -> None:
    other = subscriptions.subscribe(opened.row.owner, **WISH).row
    dead = delivery_of(other, status="dead")

    assert_problem(office.post(f"{URL}{opened.row.pk}/deliveries/{dead.pk}/replay/"), 404, "not-found")
    assert_problem(office.get(f"{URL}{uuid4()}/deliveries/"), 404, "not-found")


def test_admin_replays_deliveries_and_shows_no_secret(carol: User, opened: Opened) -> None:
    desk: Client = office_of(carol)
    dead = delivery_of(opened.row, status="dead")
    chosen = {"action": "replay", "_selected_action": [dead.pk]}

    told = desk.post(reverse("admin:orders_webhookdelivery_changelist"), chosen, follow=True).content.decode()
    page = desk.get(reverse("admin:orders_webhooksubscription_change", args=[opened.row.pk])).content.decode()

    assert "1 deliveries will be sent again." in told
    dead.refresh_from_db()
    assert dead.status == "pending"
    assert opened.row.secret not in page


def test_overlap_ends_when_it_was_said_to(office: APIClient, opened: Opened) -> None:
    office.post(f"{URL}{opened.row.pk}/rotation/", {"overlap_hours": 2}, format="json")

    until = WebhookSubscription.objects.get().old_secret_until
    assert until
    assert timedelta(hours=1, minutes=59) < until - timezone.now() <= timedelta(hours=2)
