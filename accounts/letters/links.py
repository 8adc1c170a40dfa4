"""The signed links in letters: each proves that somebody reads the mail of an address, for a while and for one purpose.

    letter ─► https://shop/account/…/#token ─► token comes back ─► who it speaks of, or LinkInvalid

A link is a statement signed with SECRET_KEY, so nothing is stored for it. What ends it before its time is the mark: a
digest of what it would change. A password that is changed ends every link that would change it, the used one included.

Refuses: a link that is not ours, too old, for another purpose, or used (LinkInvalid).

Roadmap: auth/user-authentication
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.signing import BadSignature, Signer
from django.db.models import Max
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.errors import LinkInvalid

if TYPE_CHECKING:
    from accounts.models import User

REGISTRATION, PASSWORD_RESET, EMAIL_CHANGE = "registration", "password-reset", "email-change"
LIFETIMES = {
    REGISTRATION: timedelta(days=1), PASSWORD_RESET: timedelta(hours=1), EMAIL_CHANGE: timedelta(hours=1),
}  # fmt: skip


def token(purpose: str, *, now: datetime | None = None, **facts: Any) -> str:
    """Return what the link carries. The facts can be read by whoever holds it, and changed by nobody."""
    until = (now or timezone.now()) + LIFETIMES[purpose]
    return Signer(salt=f"accounts.{purpose}").sign_object({**facts, "until": until.timestamp()})


def read(purpose: str, shown: str, *, now: datetime | None = None) -> dict[str, Any]:
    """Return what the link says; raises LinkInvalid unless it is ours, for this purpose and young enough."""
    try:
        said: dict[str, Any] = Signer(salt=f"accounts.{purpose}").unsign_object(shown)
    except BadSignature:
        raise LinkInvalid from None
    if said["until"] < (now or timezone.now()).timestamp():
        raise LinkInvalid
    return said


def mark(purpose: str, user: "User") -> str:
    """Return the digest that ends a link: it changes with the password and the address, for a reset also with a login.

    Whoever logs in again has remembered; the letter with the way in should not lie around any longer.
    """
    state = [user.pk, user.email, user.password]
    if purpose == PASSWORD_RESET:
        state.append(user.logins.aggregate(at=Max("started_at"))["at"])
    return salted_hmac(f"accounts.{purpose}", repr(state), algorithm="sha256").hexdigest()[:32]


def is_current(purpose: str, said: dict[str, Any], user: "User") -> bool:
    """Whether nothing that the link depends on has changed since it was made. Ask it of a row that is locked."""
    return constant_time_compare(said["mark"], mark(purpose, user))
