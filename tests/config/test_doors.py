"""Shut for everybody, or for a few: refused early, found in the log, and in an order in which nobody can lie."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from django.utils.module_loading import import_string

from config import env
from config.doors import is_blocked
from tests.config.logs.conftest import (
    Entries,
    entries,  # noqa: F401 - a fixture
)

PRODUCTS = "/api/v1/products/"
FROM_THERE = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def blocking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKED_ADDRESSES", "203.0.113.0/24, 2001:db8::7")
    monkeypatch.setattr(settings, "BLOCKED_ADDRESSES", env.networks("BLOCKED_ADDRESSES"))


@pytest.mark.roadmap("frameworks/middleware")
@pytest.mark.parametrize("path", [PRODUCTS, "/", "/admin/", "/nowhere/", "/graphql/", "/static/x.css"])
def test_shop_under_maintenance_says_so_everywhere_without_asking_the_database(client: Client, path: str) -> None:
    """The test has no database."""
    with override_settings(MAINTENANCE=True):
        answer = client.get(path)

    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert answer.json()["type"] == "/problems/under-maintenance/"
    assert answer["X-Request-ID"] == answer.json()["request_id"]


@pytest.mark.roadmap("frameworks/middleware")
def test_file_shuts_and_opens_the_shop_between_two_requests(client: Client, tmp_path: Path) -> None:
    sign = tmp_path / "shut"

    with override_settings(MAINTENANCE_FILE=str(sign)):
        said = [client.get("/nowhere/").status_code]
        sign.touch()
        said.append(client.get("/nowhere/").status_code)
        sign.unlink()
        said.append(client.get("/nowhere/").status_code)

    assert said == [404, 503, 404]


def test_probe_is_answered_all_the_same(client: Client) -> None:
    with override_settings(MAINTENANCE=True):
        assert client.get("/healthz/live").status_code == 200


@pytest.mark.roadmap("frameworks/middleware")
def test_blocked_address_gets_a_403_that_can_be_found_in_the_log(
    client: Client,
    blocking: None,
    entries: Entries,  # noqa: F811
) -> None:
    answer = client.get(PRODUCTS, **FROM_THERE)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/address-blocked/")
    [line] = entries("shop.request")
    assert (line["status"], line["request_id"]) == (403, answer["X-Request-ID"])
    assert client.get("/nowhere/", REMOTE_ADDR="203.0.114.9").status_code == 404


@pytest.mark.parametrize(
    ("address", "blocked"),
    [
        ("203.0.113.255", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::7", True),
        ("2001:db8::8", False),
        ("203.0.114.1", False),
        ("", False),
        ("unix:", False),
    ],
)
def test_networks_are_read_as_networks(blocking: None, address: str, blocked: bool) -> None:
    assert is_blocked(address) == blocked


@pytest.mark.roadmap("frameworks/middleware")
def test_it_is_the_callers_address_that_counts_and_not_the_proxys(client: Client, blocking: None) -> None:
    with override_settings(TRUSTED_PROXIES=1):
        through_us = client.get("/nowhere/", headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="10.0.0.1")
        made_up = client.get("/nowhere/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}, **FROM_THERE)

    assert (through_us.status_code, made_up.status_code) == (403, 404)


@pytest.mark.roadmap("frameworks/middleware")
def test_in_the_wrong_order_a_blocked_caller_walks_in(blocking: None) -> None:
    """The negative control: the same two, the other way round."""
    names = ["config.doors.BlockedAddressesMiddleware", "config.middleware.ClientAddressMiddleware"]
    assert settings.MIDDLEWARE.index(names[0]) > settings.MIDDLEWARE.index(names[1])

    def answered(first: str, second: str) -> int:
        inner = import_string(second)(lambda request: import_string("django.http.HttpResponse")())
        request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="10.0.0.1")
        return import_string(first)(inner)(request).status_code

    with override_settings(TRUSTED_PROXIES=1):
        assert answered(names[1], names[0]) == 403
        assert answered(names[0], names[1]) == 200


def test_doors_stand_before_all_that_asks_the_database_and_behind_the_id() -> None:
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    early = ["RequestIdMiddleware", "RequestMetricsMiddleware", "RequestLineMiddleware"]
    early += ["ClientAddressMiddleware", "BlockedAddressesMiddleware"]
    places = [order.index(name) for name in (*early, "MaintenanceMiddleware", "SessionMiddleware")]

    assert places == sorted(places)
