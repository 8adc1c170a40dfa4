"""What happened to an account is written down. What its owner must be told leaves by `accounts/letters/`.

Roadmap: security/insufficient-logging
"""

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from accounts.models import SecurityEvent

if TYPE_CHECKING:
    from accounts.models import User


class Origin(NamedTuple):
    """Where a request came from, as the edge saw it."""

    address: str | None = None
    agent: str = ""


NOWHERE = Origin()
#: For whoever watches: a line for each event, with the id of the request, once its row is committed.
security = logging.getLogger("shop.security")
#: What an attack is made of; one of each is somebody's bad day.
SUSPICIOUS = frozenset(
    {
        SecurityEvent.Kind.LOGIN_FAILED,
        SecurityEvent.Kind.TOKEN_REUSED,
        SecurityEvent.Kind.CODE_REFUSED,
        SecurityEvent.Kind.LOCKED,
    }
)


def record(kind: SecurityEvent.Kind, *, user: "User | None", origin: Origin = NOWHERE, **details: Any) -> None:
    """Write it down. Details hold no secret: no password, no token, no key."""
    SecurityEvent.objects.create(
        kind=kind, user=user, address=origin.address, agent=origin.agent[:200], details=details
    )
    level = logging.WARNING if kind in SUSPICIOUS else logging.INFO
    fields = {"user": user.pk if user else None, "address": origin.address, "details": details}
    transaction.on_commit(partial(security.log, level, str(kind), extra=fields), robust=True)
