"""Redis as the broker of a worker that outlives it.

    Redis gone ─► the worker drops its connection ─► a task that ran meanwhile ends ─► acknowledges on the dropped one

There kombu 5.7 looks for the host of a connection that is no more, and the worker dies of the AttributeError, since it
expects connection errors. So we say it in those words. No message is lost: the outbox publishes it again.

Roadmap: messaging/background-workers, messaging/broker-roles
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as Disconnected


class Channel(redis.Channel):
    """A channel that knows when its connection has been dropped."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise Disconnected("The connection of this channel was dropped.")
        return dict(super()._connparams(asynchronous))


class Transport(redis.Transport):
    """kombu's, with our channel."""

    Channel = Channel
