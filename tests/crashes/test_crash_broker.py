"""The broker between relay and worker, Redis and RabbitMQ alike: it holds what nobody takes, loses nothing.

Only RabbitMQ sets poison aside by itself: what a worker rejects or drops too often ends in the queue `dead`.
"""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from kombu import Connection
from redis import Redis

from tests.crashes.crash_shop import Case, CrashShop
from tests.crashes.inquest import audit, judge
from tests.crashes.steps import STEPS

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]
BROKERS = [
    "crash_shop",
    pytest.param("rabbit_shop", marks=[pytest.mark.rabbitmq, pytest.mark.roadmap("messaging/rabbitmq")]),
]
WORKER_STEPS = [step for step in STEPS if step.play == "worker"]


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> CrashShop:
    return request.getfixturevalue(request.param)


def waiting_in(shop: CrashShop, queue: str) -> int:
    """How many messages the broker itself says it holds for consumers."""
    url = shop.stack.env["CELERY_BROKER_URL"]
    if url.startswith("redis"):
        with Redis.from_url(url) as redis:
            return int(redis.llen(queue))
    with Connection(url) as connection, connection.channel() as channel:
        return channel.queue_declare(queue=queue, passive=True).message_count


def eventually(fact: Callable[[], bool], *, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not fact() and time.monotonic() < deadline:
        time.sleep(0.1)
    return fact()


def mails_of(shop: CrashShop, buyers: list[Case]) -> list[int]:
    addresses = [mail["to"] for mail in shop.mails()]
    return [addresses.count(f"{buyer.victim}@crash.example") for buyer in buyers]


@pytest.mark.roadmap("messaging/broker-roles", "testing/message-queue-integration-tests")
@pytest.mark.parametrize("shop", BROKERS, indirect=True)
def test_queue_grows_without_a_worker_and_drains_with_one(shop: CrashShop) -> None:
    buyers = shop.admit(3)
    shop.stack["mail"].stop()

    for buyer in buyers:
        shop.sell(buyer)
    assert eventually(lambda: waiting_in(shop, "mail") >= len(buyers))
    assert mails_of(shop, buyers) == [0, 0, 0]

    shop.stack.start("mail")
    shop.wait_for_rest()
    assert eventually(lambda: waiting_in(shop, "mail") == 0)
    assert mails_of(shop, buyers) == [1, 1, 1]
    assert audit(shop) == ""


@pytest.mark.roadmap("messaging/broker-roles", "testing/message-queue-integration-tests")
@pytest.mark.parametrize("shop", BROKERS, indirect=True)
def test_consumer_that_dies_before_it_acknowledges_loses_nothing(shop: CrashShop) -> None:
    cases = shop.kill_at(WORKER_STEPS)

    shop.wait_for_rest()
    assert [str(finding) for finding in judge(shop, cases)] == []
    if shop.stack.env["CELERY_BROKER_URL"].startswith("amqp"):  # RabbitMQ sees the broken connection and takes it back
        assert [waiting_in(shop, f"crash-{case.victim}") for case in cases] == [1, 1]
    assert audit(shop) == ""


@pytest.mark.rabbitmq
@pytest.mark.roadmap("messaging/rabbitmq", "messaging/dead-letter-queue")
def test_poison_among_good_letters_is_set_aside_alone(rabbit_shop: CrashShop) -> None:
    [buyer] = rabbit_shop.admit(1)
    before = waiting_in(rabbit_shop, "dead")

    send_to_mail_queue(rabbit_shop, task="orders.tasks.no_such_task")
    rabbit_shop.sell(buyer)

    assert eventually(lambda: waiting_in(rabbit_shop, "dead") == before + 1)
    rabbit_shop.wait_for_rest()
    assert mails_of(rabbit_shop, [buyer]) == [1]


@pytest.mark.rabbitmq
@pytest.mark.roadmap("messaging/rabbitmq", "messaging/dead-letter-queue")
def test_message_that_kills_every_consumer_is_given_up(rabbit_shop: CrashShop) -> None:
    before = waiting_in(rabbit_shop, "dead")
    rabbit_shop.stack["mail"].stop()
    send_to_mail_queue(rabbit_shop, task="orders.tasks.deliver_mail")

    assert eventually(lambda: drop_one_delivery(rabbit_shop) and waiting_in(rabbit_shop, "dead") == before + 1)

    rabbit_shop.stack.start("mail")


def send_to_mail_queue(shop: CrashShop, *, task: str) -> None:
    with Connection(shop.stack.env["CELERY_BROKER_URL"]) as connection, connection.Producer() as producer:
        headers = {"task": task, "id": str(uuid4())}
        producer.publish([[], {}, {}], exchange="tasks", routing_key="mail", headers=headers, serializer="json")


def drop_one_delivery(shop: CrashShop) -> bool:
    """Take a message and break the connection instead of acknowledging it, as a killed worker does."""
    with Connection(shop.stack.env["CELERY_BROKER_URL"]) as connection, connection.channel() as channel:
        channel.basic_get("mail")
    return True
