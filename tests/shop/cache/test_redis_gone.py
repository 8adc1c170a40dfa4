"""Redis stops or hangs: the catalogue is answered from PostgreSQL, soon, with a line in the log and no error."""

import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from config.caches import SOCKET_PATIENCE, ForgivingRedisCache
from deploy.embedded.binaries import redis_program
from deploy.embedded.ports import free_port
from shop.cache.aside import catalogue
from shop.cache.counts import REQUESTS
from shop.models import Product

LIST = "/api/v1/products/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch, desk: Product) -> Iterator[int]:
    """The process of a Redis of its own, which holds the answers of the catalogue."""
    program, port = redis_program(), free_port()
    if program is None:
        pytest.skip("Needs redis-server or valkey-server.")
    with subprocess.Popen([program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=-3) as server:
        there: Any = caches["catalogue"]
        cache = ForgivingRedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": there._options})
        monkeypatch.setattr(there, "_cache", cache._cache)
        began = monotonic()
        while not there._cache.has_key("up") and monotonic() < began + 20 and there.is_away:
            there._cache.away_until = 0.0
        yield server.pid
        os.kill(server.pid, signal.SIGCONT)
        server.kill()


def asked(client: Client) -> tuple[int, str, float]:
    """As another process would: nothing is in its memory."""
    catalogue.memory.clear()
    began = monotonic()
    answer = client.get(LIST)
    return answer.status_code, answer["Cache-Status"], monotonic() - began


@pytest.mark.roadmap("caching/redis-cache")
@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "is gone"])
def test_catalogue_is_answered_from_the_database(
    redis: int, client: Client, how: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    before = [asked(client)[1] for _ in range(2)]
    counted = REQUESTS.labels("products", "away")._value.get()

    os.kill(redis, how)
    with caplog.at_level(logging.WARNING):
        answers = [asked(client) for _ in range(5)]

    assert before == ["shop; fwd=miss; stored", "shop; hit; detail=redis"]
    assert {status for status, _, _ in answers} == {200}
    assert sum(took for *_, took in answers) < 8 * SOCKET_PATIENCE + 2
    assert [record.name for record in caplog.records].count("config.caches") == 1
    assert REQUESTS.labels("products", "away")._value.get() == counted + 5
