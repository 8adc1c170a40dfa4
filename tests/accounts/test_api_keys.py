"""API keys: shown once, hashed, limited by scope, address, time and number of requests, rotated with overlap."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.errors import AddressNotAllowed, InvalidApiKey
from accounts.models import ApiKey, User
from accounts.scopes import SCOPES
from accounts.security_events import NOWHERE
from tests.answers import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/api-keys")]
KEYS, ORDERS, CART = "/api/v1/auth/api-keys/", "/api/v1/orders/", "/api/v1/cart/"
DAY = timedelta(days=1)
Api = Callable[..., APIClient]
WISH: dict[str, Any] = {"name": "Nightly export", "scopes": ["orders:read"], "valid_days": 30}


def made(user: User, *networks: str, scopes: tuple[str, ...] = ("orders:read",), lasts: timedelta = 30 * DAY) -> Any:
    return api_keys.make(user, name="Nightly export", scopes=scopes, networks=networks, lasts=lasts, origin=NOWHERE)


def with_key(key: str, **extra: Any) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}", **extra)
    return client


@pytest.mark.asvs("7.2.3")
def test_whole_life_of_a_key(alice: User, api: Api) -> None:
    person = api(alice, "pwd", "otp")
    answer = person.post(KEYS, WISH, format="json").json()
    assert re.fullmatch(r"rsk_\w{8}\.\w{32}", answer["key"])
    machine = with_key(answer["key"])

    assert machine.get(ORDERS).status_code == 200
    [listed] = person.get(KEYS).json()["results"]
    assert (listed["prefix"], listed["scopes"]) == (answer["key"][:12], ["orders:read"])
    assert "key" not in listed
    assert listed["last_used_at"] is not None

    assert api(alice).delete(f"{KEYS}{answer['id']}/").status_code == 204
    refused = machine.get(ORDERS)
    assert_problem(refused, 401, "invalid-api-key")
    assert refused["WWW-Authenticate"] == "Api-Key"
    assert_problem(api(alice).delete(f"{KEYS}{answer['id']}/"), 404, "not-found")


@pytest.mark.asvs("8.2.1")
def test_key_opens_what_its_scopes_name_and_nothing_else(alice: User, api: Api) -> None:
    machine = with_key(made(alice, scopes=("orders:read", "cart:read")).key)

    assert machine.get(ORDERS).status_code == machine.get(CART).status_code == 200
    assert_problem(machine.post(ORDERS, {}, format="json"), 403, "insufficient-scope")
    assert_problem(machine.post(f"{CART}lines/", {"sku": "DESK"}, format="json"), 403, "insufficient-scope")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", KEYS), ("post", KEYS), ("get", "/api/v1/auth/sessions/"), ("post", "/api/v1/auth/step-up/"),
        ("post", "/api/v1/auth/factors/"), ("post", f"{ORDERS}7KQ2-M4XD-9RTC/refunds/"),
    ],
)  # fmt: skip
def test_key_makes_no_keys_steps_up_nowhere_and_gives_no_money_back(carol: User, method: str, path: str) -> None:
    machine = with_key(made(carol, scopes=tuple(SCOPES)).key)

    assert_problem(getattr(machine, method)(path, WISH, format="json"), 403, "insufficient-scope")


@pytest.mark.asvs("7.5.3")
def test_making_and_rotating_a_key_needs_a_fresh_second_factor_and_revoking_does_not(alice: User, api: Api) -> None:
    row = made(alice).row

    assert_problem(api(alice).post(KEYS, WISH, format="json"), 403, "step-up-required")
    assert_problem(api(alice).post(f"{KEYS}{row.pk}/rotation/", {}, format="json"), 403, "step-up-required")
    assert api(alice).delete(f"{KEYS}{row.pk}/").status_code == 204


def test_key_ends_with_its_time_and_with_its_owner(alice: User) -> None:
    key = made(alice, lasts=DAY).key
    now = timezone.now()

    assert api_keys.find(key, address=None, now=now + DAY - timedelta(minutes=1)).user == alice
    with pytest.raises(InvalidApiKey):
        api_keys.find(key, address=None, now=now + DAY + timedelta(minutes=1))
    User.objects.update(is_active=False)
    assert_problem(with_key(key).get(ORDERS), 401, "invalid-api-key")


@pytest.mark.parametrize(
    ("network", "address", "passes"),
    [
        ("192.0.2.0/24", "192.0.2.9", True), ("192.0.2.0/24", "192.0.3.9", False), ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7/24", "192.0.2.9", True), ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "192.0.2.9", False),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True), ("192.0.2.0/24", None, False),
    ],
)  # fmt: skip
def test_key_works_only_from_its_networks(alice: User, network: str, address: str | None, passes: bool) -> None:
    key = made(alice, network).key

    if passes:
        assert api_keys.find(key, address=address).user == alice
    else:
        with pytest.raises(AddressNotAllowed):
            api_keys.find(key, address=address)


def test_key_from_elsewhere_is_a_403(alice: User) -> None:
    key = made(alice, "192.0.2.0/24").key

    assert_problem(with_key(key).get(ORDERS), 403, "address-not-allowed")
    assert with_key(key, REMOTE_ADDR="192.0.2.9").get(ORDERS).status_code == 200


def test_old_key_and_successor_overlap_and_then_the_old_one_is_gone(alice: User, api: Api) -> None:
    old = made(alice, "127.0.0.0/8")
    path = f"{KEYS}{old.row.pk}/rotation/"

    new = api(alice, "pwd", "otp").post(path, {"overlap_hours": 2}, format="json").json()

    successor = ApiKey.objects.get(pk=new["id"])
    assert (successor.name, successor.scopes, successor.networks) == (old.row.name, old.row.scopes, old.row.networks)
    assert with_key(old.key).get(ORDERS).status_code == with_key(new["key"]).get(ORDERS).status_code == 200
    later = timezone.now() + timedelta(hours=3)
    assert api_keys.find(new["key"], address="127.0.0.1", now=later).pk == successor.pk
    with pytest.raises(InvalidApiKey):
        api_keys.find(old.key, address="127.0.0.1", now=later)


def test_rotation_never_makes_a_key_live_longer_than_it_would_have(alice: User, api: Api) -> None:
    old = made(alice, lasts=timedelta(hours=1))

    api(alice, "pwd", "otp").post(f"{KEYS}{old.row.pk}/rotation/", {"overlap_hours": 168}, format="json")

    assert ApiKey.objects.get(pk=old.row.pk).expires_at == old.row.expires_at


@pytest.mark.roadmap("orm/n-plus-one")
def test_key_costs_one_query_and_once_a_minute_a_second(alice: User) -> None:
    key, now, costs = made(alice).key, timezone.now(), []

    for seconds in (0, 1, 59, 61, 62):
        with CaptureQueriesContext(connection) as captured:
            api_keys.find(key, address=None, now=now + timedelta(seconds=seconds))
        costs.append(len(captured))

    assert costs == [2, 1, 1, 2, 1]


@pytest.mark.asvs("6.3.7")
def test_no_key_stands_in_any_log_or_table(alice: User, api: Api, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    key = api(alice, "pwd", "otp").post(KEYS, WISH | {"networks": ["192.0.2.0/24"]}, format="json").json()["key"]
    for shown in (key, f"{key}x"):
        for address in ("192.0.2.9", "127.0.0.1"):
            with_key(shown, REMOTE_ADDR=address).get(ORDERS)
    secret = key.partition(".")[2]

    assert "api-key-used-elsewhere" in caplog.text
    assert secret not in caplog.text
    with connection.cursor() as cursor:
        for table in ("accounts_apikey", "accounts_securityevent", "orders_outboxmessage"):
            cursor.execute(f"SELECT string_agg(row::text, '') FROM {table} row")
            text = cursor.fetchone()[0]
            assert key[:12] in text
            assert secret not in text


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"scopes": []}, 400, "validation-failed"), ({"scopes": ["refunds:write"]}, 400, "validation-failed"),
        ({"scopes": ["openid"]}, 400, "validation-failed"), ({"valid_days": 366}, 400, "validation-failed"),
        ({"valid_days": 0}, 400, "validation-failed"), ({"valid_days": None}, 400, "validation-failed"),
        ({"user": 1}, 400, "validation-failed"), ({"name": "nul\x00"}, 400, "validation-failed"),
        ({"networks": ["example.com"]}, 422, "not-a-network"), ({"networks": ["10.0.0.0/33"]}, 422, "not-a-network"),
        ({"networks": [7]}, 400, "validation-failed"),
    ],
)  # fmt: skip
def test_wish_that_cannot_be_granted(alice: User, api: Api, change: Any, status: int, slug: str) -> None:
    assert_problem(api(alice, "pwd", "otp").post(KEYS, WISH | change, format="json"), status, slug)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("shown", ["", "x", "rsk_a.b", "é", "a b", "rsk_" + "x" * 10_000])
def test_what_is_no_key_opens_nothing(alice: User, shown: str) -> None:
    assert_problem(with_key(shown).get(ORDERS), 401, "invalid-api-key")


@pytest.mark.roadmap("security/broken-access-control")
def test_somebody_elses_key_does_not_exist(alice: User, bob: User, api: Api) -> None:
    row = made(alice).row

    assert api(bob).get(KEYS).json()["results"] == []
    assert_problem(api(bob).delete(f"{KEYS}{row.pk}/"), 404, "not-found")
    assert_problem(api(bob, "pwd", "otp").post(f"{KEYS}{row.pk}/rotation/", {}, format="json"), 404, "not-found")


def test_nobody_has_more_keys_than_they_may(alice: User, api: Api) -> None:
    for _ in range(api_keys.MOST_KEYS):
        made(alice)

    assert_problem(api(alice, "pwd", "otp").post(KEYS, WISH, format="json"), 409, "too-many-api-keys")
