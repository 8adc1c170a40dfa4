"""What Celery runs: shells that load nothing and decide nothing, only hand the clock to the core.

Roadmap: messaging/background-workers
"""

import logging

from celery import shared_task

from shop import reservations

logger = logging.getLogger(__name__)


@shared_task
def end_due_reservations() -> None:
    """Give back what warehouses held for too long."""
    if ended := reservations.end_due():
        logger.info("%s reservations have expired", ended)


@shared_task
def forget_reservations() -> None:
    """Drop reservations that ended a month ago."""
    logger.info("forgot %s reservations", reservations.forget_ended())
