"""A customer's delivery addresses: added, changed, removed; one of them may be the default.

    lock the user ─► count, or compare versions ─► the old default steps back ─► write

Every writer locks the user's row first. Of two who choose a default at once the second then sees what the first chose;
without the lock both would see none, and the unique index would turn one of them into an error.

Refuses: one more than there may be (TooManyAddresses), a write over what was changed meanwhile (ChangedMeanwhile), and
any write of somebody whose account is closed by then (InvalidToken).

Roadmap: databases/acid
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.errors import InvalidToken, TooManyAddresses
from accounts.models import Address, User
from accounts.preconditions.versions import Expected, require

#: More than anybody sends parcels to, and few enough to choose from.
MOST_ADDRESSES = 20


@transaction.atomic
def add(user: User, *, is_default: bool = False, **fields: str) -> Address:
    """Keep an address. Raises TooManyAddresses."""
    _lock(user)
    if Address.objects.of(user).count() >= MOST_ADDRESSES:
        raise TooManyAddresses(MOST_ADDRESSES)
    if is_default:
        _clear_default(user)
    return Address.objects.create(user=user, is_default=is_default, **fields)


@transaction.atomic
def change(user: User, address_id: UUID, *, expected: Expected, **changes: Any) -> Address | None:
    """Set the named fields and no others; return None if the user has no such address. Raises ChangedMeanwhile."""
    address = _held(user, address_id)
    if address is None:
        return None
    require(expected, address)
    if changes.get("is_default"):
        _clear_default(user)
    for name, value in changes.items():
        setattr(address, name, value)
    address.save(update_fields=changes)
    return address


@transaction.atomic
def remove(user: User, address_id: UUID, *, expected: Expected) -> bool:
    """Forget an address; False if the user has no such one. Orders that went there keep their text."""
    address = _held(user, address_id)
    if address is None:
        return False
    require(expected, address)
    address.delete()
    return True


def _held(user: User, address_id: UUID) -> Address | None:
    """The user's address, locked, and before it the user: in the one order, so that nobody deadlocks."""
    _lock(user)
    return Address.objects.of(user).select_for_update(no_key=True).filter(pk=address_id).first()


def _lock(user: User) -> None:
    """Raise InvalidToken if the account was closed meanwhile: an address that came later would outlive it."""
    if User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).first() is None:
        raise InvalidToken


def _clear_default(user: User) -> None:
    Address.objects.filter(user=user, is_default=True).update(is_default=False)
