"""What the clock does for accounts.

Roadmap: messaging/background-workers
"""

import logging

from celery import shared_task
from django.core.management import call_command
from oauth2_provider.models import clear_expired

from accounts import lockout, tokens

logger = logging.getLogger(__name__)


@shared_task
def forget_what_has_ended() -> None:
    """Drop counts of failures that say nothing any more, logins, sessions and tokens that nobody can use."""
    logger.info("forgot %s counts of failed attempts", lockout.forget_old())
    logger.info("forgot %s logins", tokens.forget_ended())
    call_command("clearsessions")
    clear_expired()
