"""What people may ask for about themselves: another address, all that the shop knows of them, and to be forgotten.

    request_email_change ─► letter to the new address, notice to the old one ─► confirm_email_change

Closing an account deletes everything that would go with the user's row, whichever app keeps it; the row itself stays
without a name, because the orders in the books point at it.

Refuses: a wrong password (WrongPassword), a link that is no longer good (LinkInvalid), to close the account of somebody
who works here (StillInCharge).

Roadmap: auth/user-authentication
"""

from collections.abc import Iterator
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, models, transaction

from accounts import letters, passwords, security_events
from accounts.errors import LinkInvalid, StillInCharge
from accounts.letters import links
from accounts.models import SecurityEvent, User
from accounts.models.user import NOBODYS
from accounts.security_events import Origin


def rename(user: User, *, name: str) -> User:
    """Give the user another name."""
    user.name = name
    user.save(update_fields=["name"])
    return user


def request_email_change(user: User, *, email: str, password: str, origin: Origin) -> None:
    """Promise a letter to each of the two addresses. Whether the new one has an account, only its owner learns."""
    passwords.prove(user, password, origin=origin)
    with transaction.atomic():
        letters.post("email_change", to=email, origin=origin, user=user.pk)
        letters.post("email_change_asked", to=user.email, origin=origin)


def confirm_email_change(token: str, *, origin: Origin, now: datetime | None = None) -> None:
    """Move the account. The link came to the new address, so whoever shows it reads mail there."""
    said = links.read(links.EMAIL_CHANGE, token, now=now)
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    if user is None or not links.is_current(links.EMAIL_CHANGE, said, user):
        raise LinkInvalid
    try:
        _move(user, said["email"], origin)
    except IntegrityError:  # the address got an account meanwhile
        raise LinkInvalid from None


@transaction.atomic
def _move(user: User, email: str, origin: Origin) -> None:
    if not User.objects.filter(pk=user.pk, email=user.email, password=user.password).update(email=email):
        raise LinkInvalid
    security_events.record(SecurityEvent.Kind.EMAIL_CHANGED, user=user, origin=origin)
    letters.post("email_changed_notice", to=user.email, origin=origin)


def close(user: User, *, password: str, origin: Origin) -> None:
    """Forget the person. The address is free at once; whoever registers it again finds nothing of before."""
    if user.is_staff:
        raise StillInCharge
    passwords.prove(user, password, origin=origin)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # `accounts/addresses` waits here, and then stops
        letters.post("account_closed", to=user.email, origin=origin)
        for belongings in _belongings(user):
            if belongings.model is not LogEntry:  # what a former colleague did in the admin is the house's to keep
                belongings.delete()
        User.objects.filter(pk=user.pk).update(
            email=f"closed-{user.pk}@{NOBODYS}",
            name="", password=make_password(None), is_active=False, is_business=False, last_login=None,
        )  # fmt: skip
        security_events.record(SecurityEvent.Kind.ACCOUNT_CLOSED, user=user)


def kept(user: User) -> dict[str, int]:
    """Return how many rows each table holds that would go with the user's; nothing is left out."""
    return {rows.model._meta.db_table: count for rows in _belongings(user) if (count := rows.count())}


def _belongings(user: User) -> Iterator[models.QuerySet[models.Model]]:
    """Everything that a deletion of the user's row would take along."""
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ForeignObjectRel) and getattr(relation, "on_delete", None) is models.CASCADE:
            yield relation.related_model._base_manager.filter(**{relation.field.name: user})
