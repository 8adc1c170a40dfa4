"""Alive is not ready: what is down is named, and only a lost database stops the shop."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.answers import assert_problem

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def database_away(transactional_db: None) -> Iterator[None]:
    """PostgreSQL cannot be reached: the connection is closed and its port leads nowhere."""
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = 1
    yield
    connection.settings_dict["PORT"] = port
    connection.close()


def parts(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz/ready")
    return answer.status_code, answer.json()


def test_alive_asks_nobody(db: None, client: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/healthz/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert len(captured) == 0


def test_ready_when_everything_is_up(db: None, client: Client) -> None:
    up = {"database": "up", "cache": "up", "broker": "up"}

    assert parts(client) == (200, {"status": "ready", "down": [], "parts": up})


@pytest.mark.parametrize(("variable", "part"), [("REDIS_URL", "cache"), ("CELERY_BROKER_URL", "broker")])
def test_shop_without_cache_or_broker_is_degraded_and_says_which(
    db: None, client: Client, settings: Any, variable: str, part: str
) -> None:
    setattr(settings, variable, NOBODY)

    status, answer = parts(client)

    assert (status, answer["status"], answer["down"]) == (200, "degraded", [part])


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_neighbour_that_hangs_is_down_and_does_not_hang_the_probe(
    db: None, client: Client, settings: Any, scheme: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.REDIS_URL = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        settings.CELERY_BROKER_URL = settings.REDIS_URL.replace("redis", scheme)
        began = time.monotonic()

        status, answer = parts(client)

    assert (status, answer["status"], answer["down"]) == (200, "degraded", ["cache", "broker"])
    assert time.monotonic() - began < 6


def test_shop_without_database_is_unavailable(database_away: None, client: Client) -> None:
    status, answer = parts(client)

    assert (status, answer["status"], answer["down"]) == (503, "unavailable", ["database"])
    assert client.get("/healthz/live").status_code == 200


@pytest.mark.roadmap("api/error-responses", "security/safe-error-handling")
@pytest.mark.parametrize("path", ["/api/v1/products/", "/api/v1/products/desk/", "/api/v1/categories/"])
def test_lost_database_is_a_503_that_says_when_to_come_back(database_away: None, client: Client, path: str) -> None:
    answer = client.get(path)

    assert_problem(answer, 503, "database-unavailable")
    assert answer["Retry-After"] == "5"
    assert b"127.0.0.1" not in answer.content


def test_lost_database_is_the_same_problem_outside_of_the_api(database_away: None, client: Client) -> None:
    client.cookies["sessionid"] = "x" * 32

    answer = client.get("/admin/")

    assert_problem(answer, 503, "database-unavailable")
    assert answer["Retry-After"] == "5"
