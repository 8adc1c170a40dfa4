"""What the clock does for accounts.

Roadmap: messaging/background-workers
"""

import logging

from celery import shared_task
from django.core.management import call_command

from accounts import lockout

logger = logging.getLogger(__name__)


@shared_task
def forget_what_has_ended() -> None:
    """Drop counts of failures that say nothing any more, and sessions that nobody can use."""
    logger.info("forgot %s counts of failed attempts", lockout.forget_old())
    call_command("clearsessions")
