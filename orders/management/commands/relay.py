"""`manage.py relay`: publish the outbox to the broker until told to stop. Several may run at once.

Roadmap: messaging/transactional-outbox
"""

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string

from orders import outbox
from orders.tasks import publish

logger = logging.getLogger(__name__)
#: Seconds. A mail starts this long after its commit at the latest, and an idle relay costs five small queries a second.
IDLE = 0.2
#: Seconds to rest after work, doubled until it is `IDLE`: where something was due, more is soon, and workers that drain
#: a backlog, `outbox.MOST_WAITING` at a time, need not wait for us.
BUSY = 0.02
#: Seconds to wait when the database or the broker is away.
AWAY = 1.0


class Command(BaseCommand):
    """Publish until SIGTERM or SIGINT; a batch that was begun is finished first."""

    help = "Publishes committed outbox messages to the task queue until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        import_string(settings.METRICS_SERVER)()
        logger.info("relay started")
        rest = IDLE
        while not stopping.is_set():
            stopping.wait(rest := _round(rest))
        logger.info("relay stopped")


def _round(rested: float = IDLE) -> float:
    """Publish one batch and return how long to rest before the next."""
    close_old_connections()
    try:
        return 0.0 if outbox.publish_due(publish) else min(max(2 * rested, BUSY), IDLE)
    except DatabaseError as failure:
        logger.warning("database away: %s", failure)
        return AWAY
