"""The Celery application; `celery -A config worker` and `beat` start here. Queues and schedule: `config/queues.py`.

Roadmap: messaging/background-workers
"""

import os

from celery import Celery, bootsteps
from kombu import Connection

from config.queues import dead_letters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class DeclareDeadLetters(bootsteps.StartStopStep):
    """Declare the dead-letter queue before any worker consumes, so that RabbitMQ never drops what it gives up on."""

    requires = {"celery.worker.components:Pool"}

    def start(self, worker: object) -> None:
        """Declare exchange and queue on RabbitMQ; other brokers have no dead-letter exchange."""
        broker_url = app.conf.broker_url
        if broker_url.startswith("amqp"):
            with Connection(broker_url, connect_timeout=5) as connection, connection.channel() as channel:
                dead_letters()(channel).declare()


app.steps["worker"].add(DeclareDeadLetters)
