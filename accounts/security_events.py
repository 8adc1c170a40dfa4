"""What happened to an account is written down. What its owner must be told leaves by `accounts/letters/`.

Roadmap: security/insufficient-logging
"""

from typing import TYPE_CHECKING, Any, NamedTuple

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
