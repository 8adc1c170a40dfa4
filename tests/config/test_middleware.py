"""A request's id: the caller's if it is well formed, else ours; never anything that could write into the log."""

import re

import pytest
from django.test import Client

from shop.views.freshness import RULES

OURS = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("offered", ["abcdefgh", "order.42_retry-1", "x" * 64])
def test_well_formed_id_is_kept_and_sent_back(client: Client, offered: str) -> None:
    answer = client.get("/nowhere/", headers={"X-Request-ID": offered})

    assert answer["X-Request-ID"] == answer.json()["request_id"] == offered


@pytest.mark.roadmap("security/output-encoding")
@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "new\nline-in-the-log", '{"level":"ERROR"}', "ümlaute-hier"]
)
def test_malformed_id_is_replaced(client: Client, offered: str) -> None:
    answer = client.get("/nowhere/", headers={"X-Request-ID": offered})

    assert OURS.fullmatch(answer["X-Request-ID"])


def test_two_requests_have_two_ids(client: Client) -> None:
    assert client.get("/healthz/live")["X-Request-ID"] != client.get("/healthz/live")["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "kept"),
    [
        ("post", "/api/v1/auth/token/", "no-store"),
        ("get", "/api/v1/account/", "no-store"),
        ("get", "/api/v1/products/", str(RULES["products"])),
        ("get", "/api/v1/products/unknown/", "no-store"),
        ("post", "/api/v2/auth/token/", "no-store"),
        ("get", "/api/v2/account/", "no-store"),
        ("get", "/api/v2/products/", str(RULES["products"])),
    ],
)
def test_no_cache_keeps_what_is_somebodys(client: Client, method: str, path: str, kept: str | None) -> None:
    headers = {"Authorization": "Bearer x"} if "account" in path else {}

    assert getattr(client, method)(path, headers=headers).get("Cache-Control") == kept
