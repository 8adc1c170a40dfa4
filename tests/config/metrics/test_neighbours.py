"""How long the queues are on a real broker, and whether purchases are refused."""

from typing import Any

import pytest
import redis
from django.conf import settings as configured

from config.metrics.neighbours import Breaker, Queues
from orders import gateways
from tests.fakes import FakeGateway
from tests.figures import page, value

BROKER = configured.REDIS_URL.rsplit("/", 1)[0] + "/11"


@pytest.fixture
def broker(settings: Any) -> redis.Redis:
    settings.CELERY_BROKER_URL = BROKER
    return redis.Redis.from_url(BROKER)


@pytest.mark.roadmap("messaging/queue-monitoring")
def test_tasks_that_wait_are_counted_by_queue(broker: redis.Redis) -> None:
    broker.flushdb()
    for _ in range(3):
        broker.lpush("payments", "a task")

    now = page([Queues(good_for=0)])

    assert value(now, "shop_queue_messages", queue="payments") == 3
    assert value(now, "shop_queue_messages") == 3
    assert value(now, "shop_broker_up") == 1
    broker.flushdb()


def test_broker_that_is_away_is_told_and_waited_for_no_longer_than_a_second(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    now = page([Queues(good_for=0)])

    assert value(now, "shop_broker_up") == 0
    assert "shop_queue_messages" not in now


@pytest.mark.parametrize("refusing", [True, False])
def test_breaker_is_seen_as_a_purchase_sees_it(refusing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: FakeGateway(refusing=refusing))

    assert value(page([Breaker(good_for=0)]), "shop_payment_breaker_open") == refusing
