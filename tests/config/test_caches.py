"""A cache that is away is an empty cache: nobody gets an error, and nobody waits for long."""

import json
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client

from accounts.models import User
from config import caches as forgiving
from config.caches import ForgivingRedisCache
from deploy.embedded.ports import free_port

ALICE = {"email": "alice@example.com", "password": "alice-shows-the-shop"}


def cache_at(port: int) -> ForgivingRedisCache:
    return ForgivingRedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": settings.CACHES["default"]["OPTIONS"]})


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the cache should be."""
    monkeypatch.setattr(caches["default"], "_cache", cache_at(free_port())._cache)


@pytest.fixture
def listening() -> Any:
    """Somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


ASKED: list[tuple[Callable[[Any], Any], Any]] = [
    (lambda cache: cache.get("a"), None),
    (lambda cache: cache.get("a", "default"), "default"),
    (lambda cache: cache.get_many(["a", "b"]), {}),
    (lambda cache: cache.set("a", 1), None),
    (lambda cache: cache.set_many({"a": 1}), []),
    (lambda cache: cache.add("a", 1), True),
    (lambda cache: cache.touch("a"), False),
    (lambda cache: cache.delete("a"), False),
    (lambda cache: cache.delete_many(["a"]), None),
    (lambda cache: "a" in cache, False),
    (lambda cache: cache.clear(), False),
]


@pytest.mark.parametrize(("ask", "answer"), ASKED)
def test_cache_that_is_away_is_empty(ask: Callable[[Any], Any], answer: Any) -> None:
    assert ask(cache_at(free_port())) == answer


@pytest.mark.parametrize(("ask", "answer"), ASKED)
def test_cache_that_hangs_is_waited_for_once(ask: Callable[[Any], Any], answer: Any, listening: int) -> None:
    cache, began = cache_at(listening), monotonic()

    answers = [ask(cache) for _ in range(20)]

    assert answers == [answer] * 20
    assert monotonic() - began < 4 * forgiving.SOCKET_PATIENCE  # redis-py may try a connection twice


def test_cache_is_asked_again_after_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = cache_at(free_port())
    cache.set("asked-again", 1)
    client: Any = cache._cache
    client._servers, client._pools = [settings.REDIS_URL], {}  # it has come back
    cache.set("asked-again", 1)
    assert cache.get("asked-again") is None

    monkeypatch.setattr(forgiving, "monotonic", lambda: monotonic() + forgiving.REST)
    cache.set("asked-again", 1)

    assert cache.get("asked-again") == 1
    cache.delete("asked-again")


@pytest.mark.roadmap("auth/server-side-session-stores")
def test_people_log_in_and_out_while_the_cache_is_away(alice: User, away: None) -> None:
    client = Client()

    statuses = [
        client.post("/account/log-in/", ALICE).status_code,
        client.get("/account/").status_code,
        client.post("/account/log-out/").status_code,
        client.get("/account/").status_code,
    ]

    assert statuses == [302, 200, 302, 302]
    assert client.get("/account/")["Location"].startswith("/account/log-in/")


@pytest.mark.roadmap("auth/server-side-session-stores")
def test_session_that_the_cache_slept_through_the_end_of_opens_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.post("/account/log-in/", ALICE)
    session_id = client.cookies[settings.SESSION_COOKIE_NAME].value
    with monkeypatch.context() as patched:
        patched.setattr(caches["default"], "_cache", cache_at(free_port())._cache)
        client.post("/account/log-out/")
    assert client.session.exists(session_id), "the cache still has it"

    client.cookies[settings.SESSION_COOKIE_NAME] = session_id

    assert client.get("/account/").status_code == 302


def test_what_lies_in_redis_is_no_code(db: None) -> None:
    caches["default"].set("shape", {"a": [1, None, "ü"]})
    there: Any = caches["default"]
    raw = there._cache.get_client().get(there.make_key("shape"))

    assert json.loads(raw) == there.get("shape") == {"a": [1, None, "ü"]}
    there.delete("shape")
