"""What each broker is told, and that the clocks of relay, worker and broker fit into one another."""

from typing import Any

import pytest
from django.conf import settings

from config import queues
from config.celery import app
from orders import mail, outbox, payments, tasks
from orders.outbox import work

RABBIT, REDIS = "amqp://guest:guest@127.0.0.1:5672//", "redis://127.0.0.1:6379/1"


def declared(broker_url: str) -> list[Any]:
    return queues.declared(broker_url)


@pytest.mark.roadmap("messaging/rabbitmq", "messaging/broker-roles")
def test_rabbitmq_is_told_to_replicate_to_confirm_and_to_set_poison_aside() -> None:
    made = {queue.name: queue.queue_arguments for queue in declared(RABBIT)}

    assert set(made) == {"shop", "mail", "payments", "webhooks"}
    assert {(told["x-queue-type"], told["x-delivery-limit"]) for told in made.values()} == {("quorum", 5)}
    assert {told["x-dead-letter-exchange"] for told in made.values()} == {queues.dead_letters().exchange.name}
    assert queues.transport_options(RABBIT) == {"confirm_publish": True}


@pytest.mark.roadmap("messaging/broker-roles")
def test_redis_is_told_when_a_silent_worker_is_given_up() -> None:
    assert {queue.queue_arguments for queue in declared(REDIS)} == {None}
    assert queues.transport_options(REDIS)["visibility_timeout"] > queues.TASK_TIME_LIMIT


@pytest.mark.roadmap("messaging/background-workers")
@pytest.mark.parametrize(
    ("task", "queue"),
    [
        (tasks.deliver_mail, "mail"),
        (tasks.move_money, "payments"),
        (tasks.tell_merchants, "webhooks"),
        (tasks.reconcile_pending_orders, "shop"),
        (tasks.forget_old_keys, "shop"),
    ],
)
def test_task_waits_in_its_own_queue(task: Any, queue: str) -> None:
    assert app.amqp.router.route({}, task.name)["queue"].name == queue


@pytest.mark.roadmap("messaging/background-workers")
def test_task_that_hangs_is_ended_before_another_worker_may_begin() -> None:
    assert app.conf.task_time_limit < outbox.LEASE < 20  # the relay's first pause
    assert (
        work.PATIENCE + 9 < tasks.move_money.soft_time_limit < app.conf.task_time_limit
    )  # the longest provider's call
    assert tasks.deliver_mail.time_limit < mail.lease() < queues.VISIBILITY_TIMEOUT
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1
    app.loader.import_default_modules()  # as a worker does when it starts
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.roadmap("commerce/transactional-email")
def test_mail_server_may_take_the_ten_minutes_that_smtp_gives_it() -> None:
    """RFC 5321, 4.5.3.2.6. Who hangs up sooner may leave a letter there that was taken, and send it again."""
    assert settings.EMAIL_TIMEOUT >= 600
    assert tasks.deliver_mail.time_limit > settings.EMAIL_TIMEOUT


@pytest.mark.roadmap("messaging/background-workers")
def test_rounds_of_questions_do_not_pile_up_and_have_the_time_they_take() -> None:
    entry = app.conf.beat_schedule["reconcile-pending-orders"]

    assert entry["options"]["expires"] <= entry["schedule"]
    assert tasks.reconcile_pending_orders.time_limit > payments.ROUND + 2 * 9  # the longest PAYMENT_DEADLINE_SECONDS
