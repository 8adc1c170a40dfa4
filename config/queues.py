"""Which queue a task waits in, what the broker promises for it, and what runs by the clock.

    shop      housekeeping, imports        payments  capture, void, refund, what the provider tells us
    mail      letters to buyers            webhooks  what merchants' systems are told

On RabbitMQ every queue is a quorum queue with a dead-letter exchange; on Redis a list. Neither is trusted with the
only copy: the outbox publishes a message again until its consumer has marked it done.

Roadmap: messaging/rabbitmq, messaging/broker-roles
"""

from typing import Any

from kombu import Exchange, Queue

NAMES = ("shop", "mail", "payments", "webhooks")
ROUTES = {
    "orders.tasks.deliver_mail": {"queue": "mail"},
    "orders.tasks.move_money": {"queue": "payments"},
    "orders.tasks.tell_merchants": {"queue": "webhooks"},
}
BEAT_SCHEDULE = {
    # One that no worker was free for is not made up for: the next one asks the same.
    "reconcile-pending-orders": {
        "task": "orders.tasks.reconcile_pending_orders",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "end-due-reservations": {
        "task": "shop.tasks.end_due_reservations",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "forget-reservations": {"task": "shop.tasks.forget_reservations", "schedule": 3600.0},
    "forget-abandoned-carts": {"task": "orders.tasks.forget_abandoned_carts", "schedule": 3600.0},
    "forget-letters": {"task": "orders.tasks.forget_letters", "schedule": 3600.0},
    "forget-webhooks": {"task": "orders.tasks.forget_webhooks", "schedule": 3600.0},
    "forget-what-has-ended": {"task": "accounts.tasks.forget_what_has_ended", "schedule": 3600.0},
    "forget-old-idempotency-keys": {"task": "orders.tasks.forget_old_keys", "schedule": 3600.0},
}
#: Seconds. Shorter than the consumer's lease in `orders/outbox/claims.py`, so that two workers never hold one message.
#: Letters have as long as the mail server may take (`CELERY_TASK_ANNOTATIONS`).
TASK_TIME_LIMIT = 12
#: Seconds. Redis hands a task that was not acknowledged for so long to another worker: longer than the longest task.
VISIBILITY_TIMEOUT = 3600


def transport(broker_url: str) -> str | None:
    """Return the class that speaks to the broker where it is not kombu's own."""
    return "config.redis_broker:Transport" if broker_url.startswith("redis://") else None


def transport_options(broker_url: str) -> dict[str, Any]:
    """Return what the broker must be told: confirmed publishing on RabbitMQ, the visibility timeout on Redis."""
    if broker_url.startswith("amqp"):
        return {"confirm_publish": True}
    # The socket timeouts keep a hung Redis from hanging the relay; retries belong to the outbox, not to the socket.
    return {"visibility_timeout": VISIBILITY_TIMEOUT, "socket_connect_timeout": 2, "socket_timeout": 10}


def declared(broker_url: str) -> list[Queue]:
    """Return the queues; on RabbitMQ replicated ones that set a message aside after five failed deliveries."""
    arguments = {}
    if broker_url.startswith("amqp"):
        arguments = {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "dead",
            "x-dead-letter-routing-key": "dead",
            "x-delivery-limit": 5,
        }
    tasks = Exchange("tasks", type="topic", durable=True)
    return [Queue(name, tasks, routing_key=name, queue_arguments=arguments or None) for name in NAMES]


def dead_letters() -> Queue:
    """Return RabbitMQ's queue of messages that no worker could digest, for an operator to look at."""
    return Queue("dead", Exchange("dead", type="direct", durable=True), routing_key="dead")
