"""Whom another provider's word lets in: the rules of logging in from elsewhere, without a word of HTTP.

    known here                     → that account
    unknown, address not proven    → refused: anybody may write any address into a form elsewhere
    unknown, address has account   → refused: log in first, then link it; an address elsewhere is no key to one here
    unknown, address is new        → an account is made, with no password

Roadmap: auth/social-login
"""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import letters, security_events
from accounts.errors import ForeignLoginRefused, LastWayIn
from accounts.models import ExternalIdentity, SecurityEvent, User
from accounts.security_events import Origin

if TYPE_CHECKING:
    from django.db.models import QuerySet

UNPROVEN = "The provider has not proven that this e-mail address is yours. Prove it there, or register here."
TAKEN = "There is an account with this e-mail address. Log in to it with your password and connect the two there."
ELSEWHERE = "This identity already belongs to another account."
CLOSED = "The account that this identity belongs to is closed."


class Foreign(NamedTuple):
    """What the provider said, already verified; `email` is "" unless it looks like one."""

    issuer: str
    subject: str
    email: str
    is_proven: bool
    name: str


def admit(who: Foreign, *, origin: Origin) -> User:
    """Return whom this is; makes an account for somebody new. Raises ForeignLoginRefused."""
    known = ExternalIdentity.objects.filter(issuer=who.issuer, subject=who.subject).select_related("user").first()
    if known:
        if not known.user.is_active:
            raise ForeignLoginRefused(CLOSED)
        return known.user
    if not who.email or not who.is_proven:
        raise ForeignLoginRefused(UNPROVEN)
    try:
        return _register(who, origin)
    except IntegrityError:  # the address has an account, perhaps since a moment ago
        raise ForeignLoginRefused(TAKEN) from None


@transaction.atomic
def _register(who: Foreign, origin: Origin) -> User:
    user = User.objects.create_user(who.email, name=who.name)
    ExternalIdentity.objects.create(user=user, issuer=who.issuer, subject=who.subject, email=who.email)
    security_events.record(SecurityEvent.Kind.REGISTERED, user=user, origin=origin, issuer=who.issuer)
    return user


def link(user: User, who: Foreign, *, origin: Origin) -> None:
    """Let somebody who is logged in come from there, too; they get a letter. Raises ForeignLoginRefused."""
    try:
        with transaction.atomic():
            seen = {"issuer": who.issuer, "subject": who.subject}
            _, is_new = ExternalIdentity.objects.get_or_create(**seen, user=user, defaults={"email": who.email})
            if is_new:
                security_events.record(SecurityEvent.Kind.IDENTITY_LINKED, user=user, origin=origin, issuer=who.issuer)
                letters.post("new_login_method", to=user.email, origin=origin, method=f"an account at {who.issuer}")
    except IntegrityError:
        raise ForeignLoginRefused(ELSEWHERE) from None


@transaction.atomic
def unlink(user: User, identity_id: UUID, *, origin: Origin) -> bool:
    """Forget one; False if it is none of theirs. Raises LastWayIn for the only way into the account."""
    rest: QuerySet[ExternalIdentity] = user.identities.select_for_update()
    going = [identity for identity in rest if identity.pk == identity_id]
    if not going:
        return False
    if len(rest) == 1 and not user.has_usable_password():
        raise LastWayIn("There is no other way into the account. Choose a password first.")
    going[0].delete()
    security_events.record(SecurityEvent.Kind.IDENTITY_UNLINKED, user=user, origin=origin, issuer=going[0].issuer)
    letters.post("login_method_removed", to=user.email, origin=origin, method=f"an account at {going[0].issuer}")
    return True
