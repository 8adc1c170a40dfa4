"""What happened to an account is written down, and its owner is told of the worst.

Roadmap: security/insufficient-logging
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import SecurityEvent

if TYPE_CHECKING:
    from accounts.models import User


class Origin(NamedTuple):
    """Where a request came from, as the edge saw it."""

    address: str | None = None
    agent: str = ""


NOWHERE = Origin()


def record(kind: SecurityEvent.Kind, *, user: "User | None", origin: Origin = NOWHERE, **details: Any) -> None:
    """Write it down. Details hold no secret: no password, no token, no key."""
    SecurityEvent.objects.create(
        kind=kind, user=user, address=origin.address, agent=origin.agent[:200], details=details
    )


def warn(user: "User", origin: Origin) -> None:
    """Tell the owner that somebody else may hold a key to the account."""
    text = render_to_string("accounts/token_reused.txt", {"user": user, "origin": origin, "site": settings.SITE_URL})
    send_mail("Somebody may be using your account", text, None, [user.email])
