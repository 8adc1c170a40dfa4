"""What stands in the broker's queues, and whether the breaker before the payment provider is open.

Roadmap: messaging/queue-monitoring, architecture/circuit-breaker
"""

import logging
from typing import Any

from django.conf import settings
from kombu import Connection
from kombu.exceptions import ChannelError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config import queues
from config.metrics.keeping import Kept
from orders import gateways

logger = logging.getLogger(__name__)
#: Seconds that the broker has to answer.
PATIENCE = 1.0
QUEUE = "shop_queue_messages", "Tasks that wait in the broker; the age of the oldest is told by the outbox."
BROKER = "shop_broker_up", "Whether the broker could be asked: 1 or 0."
OPEN = "shop_payment_breaker_open", "Whether purchases are refused because the provider is known to be away: 1 or 0."


class Queues(Kept):
    """Asks for the length of every queue, on either broker, without making one that does not exist."""

    def families(self) -> list[Metric]:
        """A second at most, some milliseconds when all is well."""
        lengths = GaugeMetricFamily(*QUEUE, labels=["queue"])
        try:
            for name, length in lengths_of(settings.CELERY_BROKER_URL).items():
                lengths.add_metric([name], length)
        except Exception as failure:  # whatever the broker's client raises
            logger.warning("the broker cannot be asked for its queues: %s", failure)
            return [GaugeMetricFamily(*BROKER, value=0)]
        return [lengths, GaugeMetricFamily(*BROKER, value=1)]

    def describe(self) -> list[Metric]:
        """Names and labels."""
        return [GaugeMetricFamily(*QUEUE, labels=["queue"]), GaugeMetricFamily(*BROKER, value=0)]


def lengths_of(broker_url: str) -> dict[str, int]:
    """Return how many tasks wait in each queue; raises what the broker's client raises."""
    names = [*queues.NAMES, *(["dead"] if broker_url.startswith("amqp") else [])]
    patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "read_timeout": PATIENCE}
    with Connection(broker_url, connect_timeout=PATIENCE, transport_options=patience) as broker:
        broker.ensure_connection(max_retries=1, timeout=PATIENCE)
        return {name: _length(broker, name) for name in names}


def _length(broker: Any, name: str) -> int:
    with (
        broker.channel() as channel
    ):  # RabbitMQ closes the channel on which a queue was asked for that it does not have
        try:
            return int(channel.queue_declare(name, passive=True).message_count)
        except ChannelError:
            return 0  # nothing was ever put into it


class Breaker(Kept):
    """Looks at the breaker as a purchase would; one round trip to Redis, or this process's own word without it."""

    def families(self) -> list[Metric]:
        """See above."""
        return [GaugeMetricFamily(*OPEN, value=float(gateways.configured().is_refusing()))]

    def describe(self) -> list[Metric]:
        """Its name."""
        return [GaugeMetricFamily(*OPEN, value=0)]


QUEUES, BREAKER = Queues(), Breaker(good_for=1.0)
