"""The Celery application; `celery -A config worker` and `beat` start here. Queues and schedule: `config/queues.py`.

Roadmap: messaging/background-workers
"""

import os
import sys
from typing import Any

from celery import Celery, bootsteps, signals
from celery.concurrency import thread
from django.db import close_old_connections, connection
from kombu import Connection

from config import tracing
from config.logs import errors
from config.logs import tasks as _lines  # noqa: F401 - connects itself to the signals of every task
from config.metrics import tasks
from config.queues import dead_letters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
tasks.connect()

# Celery would connect to PostgreSQL anew for every task, which takes longer than most of them. Kept connections are
# looked at before each task instead, as Django looks at them before each request: one that died or is old is replaced.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize


@signals.worker_init.connect
def keep_one_connection(**_: object) -> None:
    """A worker's process does one task at a time: it keeps one connection and has no pool, which no fork survives."""
    if connection.settings_dict["OPTIONS"].pop("pool", None):
        connection.settings_dict["CONN_MAX_AGE"] = 60


@signals.worker_init.connect
def report_faults(sender: Any, **_: object) -> None:
    """Django is set up and nothing has forked; later, Celery would have made its tasks ready without Sentry."""
    errors.begin(name_of(sender.hostname))


@signals.worker_process_init.connect
def trace_child(sender: str, **_: object) -> None:
    """A worker that forks is traced in its children: the thread that sends spans would not survive the fork."""
    tracing.begin(name_of(sender))


@signals.celeryd_after_setup.connect
def trace_threads(sender: str, instance: Any, **_: object) -> None:
    """A worker of threads has no children; it is traced where it is."""
    if issubclass(instance.pool_cls, thread.TaskPool):
        tracing.begin(name_of(sender))


def name_of(worker: str) -> str:
    """Return the name that the Procfile gives a worker: `mail` of mail@host."""
    return worker.partition("@")[0]


@signals.task_prerun.connect
def replace_dead_connection(**_: object) -> None:
    """A task that is called directly, inside of a transaction, keeps the connection that it is in."""
    if not connection.in_atomic_block:
        close_old_connections()


class DeclareDeadLetters(bootsteps.StartStopStep):
    """Declare the dead-letter queue before any worker consumes, so that RabbitMQ never drops what it gives up on."""

    requires = {"celery.worker.components:Pool"}

    def start(self, worker: object) -> None:
        """Declare exchange and queue on RabbitMQ; other brokers have no dead-letter exchange."""
        broker_url = app.conf.broker_url
        if broker_url.startswith("amqp"):
            with Connection(broker_url, connect_timeout=5) as broker, broker.channel() as channel:
                dead_letters()(channel).declare()


app.steps["worker"].add(DeclareDeadLetters)
