"""What happened to an account is written down, and its owner is told of the worst.

Roadmap: security/insufficient-logging
"""

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.template.loader import render_to_string

from accounts.models import SecurityEvent

if TYPE_CHECKING:
    from accounts.models import User


class Origin(NamedTuple):
    """Where a request came from, as the edge saw it."""

    address: str | None = None
    agent: str = ""


NOWHERE = Origin()
#: Seconds that a login may wait for the mail server.
PATIENCE = 5
logger = logging.getLogger(__name__)


def record(kind: SecurityEvent.Kind, *, user: "User | None", origin: Origin = NOWHERE, **details: Any) -> None:
    """Write it down. Details hold no secret: no password, no token, no key."""
    SecurityEvent.objects.create(
        kind=kind, user=user, address=origin.address, agent=origin.agent[:200], details=details
    )


def warn(user: "User", origin: Origin) -> None:
    """Tell the owner that somebody else may hold a key to the account.

    Once, and for five seconds at most: the login has ended already, and no mail server may hold up the answer. A letter
    that fails is lost; the event stays.
    """
    text = render_to_string("accounts/token_reused.txt", {"user": user, "origin": origin, "site": settings.SITE_URL})
    try:
        with get_connection(timeout=PATIENCE) as connection:
            send_mail("Somebody may be using your account", text, None, [user.email], connection=connection)
    except OSError as failure:
        logger.error("user %s was not told of a reused token: %s", user.pk, failure)
