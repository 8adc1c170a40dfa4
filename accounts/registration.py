"""Registration: first the address is proven, then the account is made.

    request ─► letter with a link ─► confirm with name and password ─► account and first login

Nothing is kept before the link comes back, so nobody can take an address by a password of their own; and the answer to
`request` is the same for every address, because the letter alone knows whether there is an account.

Refuses: a link that is no longer good, or whose address got an account meanwhile (LinkInvalid), a bad password
(WeakPassword).

Roadmap: auth/user-authentication
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import letters, lockout, passwords, security_events
from accounts.errors import LinkInvalid
from accounts.letters import links
from accounts.models import SecurityEvent, User
from accounts.security_events import Origin


def request(email: str, *, origin: Origin) -> None:
    """Promise a letter, the same work for every address. Raises TooManyAttempts for a network that asks for many."""
    lockout.ration("letters", origin=origin)
    letters.post("registration", to=email, origin=origin)


def confirm(token: str, *, name: str, password: str, origin: Origin, now: datetime | None = None) -> User:
    """Make the account of a proven address. Of two who confirm at once, the unique address lets one in."""
    user = User(email=links.read(links.REGISTRATION, token, now=now)["email"], name=name)
    passwords.require_good(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            security_events.record(SecurityEvent.Kind.REGISTERED, user=user, origin=origin)
    except IntegrityError:
        raise LinkInvalid from None
    return user
