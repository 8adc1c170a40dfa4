"""API keys: for machines, which cannot show a code and must not have a person's password.

    rsk_3vB8kQ2z.eJ5…      `rsk_` for those who search leaked code for keys, 8 letters to tell it by, 32 to keep secret
    make ─► used ─► rotate: a successor is made, the old one lives on for a while, and no job stands still ─► expires

A key acts for its owner, within its scopes, never with more than the owner may (both are asked at each request), from
the networks that it names, for a year at most. It is shown once. 32 random letters and digits are 190 bits, which
nobody guesses, so one fast hash is enough: it costs a thousandth of a millisecond and is looked up by an index.

Refuses: an unknown, revoked or expired key (InvalidApiKey), one from elsewhere (AddressNotAllowed).

Roadmap: auth/api-keys
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from rest_framework_api_key.crypto import KeyGenerator

from accounts import letters, security_events
from accounts.errors import AddressNotAllowed, InvalidApiKey, NotANetwork, TooManyApiKeys
from accounts.models import ApiKey, SecurityEvent, User
from accounts.security_events import Origin

security = logging.getLogger("shop.security")
GENERATOR = KeyGenerator(prefix_length=8, secret_key_length=32)
BRAND = "rsk_"
MOST_KEYS = 20
#: `last_used_at` is written so often at most: a write for each request would cost more than the request.
NOTE_USE_EVERY = timedelta(minutes=1)
Kind = SecurityEvent.Kind


class Made(NamedTuple):
    """A new key, and its text, which nobody will see again."""

    row: ApiKey
    key: str


@transaction.atomic
def make(
    user: User, *, name: str, scopes: Sequence[str], networks: Sequence[str], lasts: timedelta, origin: Origin,
    now: datetime | None = None,
) -> Made:  # fmt: skip
    """Make a key for somebody who has just shown a second factor. Raises TooManyApiKeys, NotANetwork."""
    now = now or timezone.now()
    User.objects.select_for_update().get(pk=user.pk)
    if ApiKey.objects.of(user).open(now=now).count() >= MOST_KEYS:
        raise TooManyApiKeys(MOST_KEYS)
    plain, prefix, _digest = GENERATOR.generate()
    key = BRAND + plain
    row = ApiKey.objects.create(
        user=user, name=name, prefix=BRAND + prefix, digest=GENERATOR.hash(key), scopes=sorted(set(scopes)),
        networks=[_network(network) for network in networks], expires_at=now + lasts,
    )  # fmt: skip
    security_events.record(Kind.API_KEY_MADE, user=user, origin=origin, prefix=row.prefix, scopes=row.scopes)
    letters.post("new_login_method", to=user.email, origin=origin, method=f"an API key named {row.prefix}")
    return Made(row, key)


@transaction.atomic
def rotate(user: User, key_id: UUID, *, overlap: timedelta, origin: Origin, now: datetime | None = None) -> Made | None:
    """Make a successor that may do the same for as long as the old one could; that one ends after `overlap` at most.

    None if the user has no such open key.
    """
    now = now or timezone.now()
    old = ApiKey.objects.of(user).open(now=now).select_for_update().filter(pk=key_id).first()
    if old is None:
        return None
    ApiKey.objects.filter(pk=old.pk).update(expires_at=min(old.expires_at, now + overlap))
    return make(
        user, name=old.name, scopes=old.scopes, networks=old.networks, lasts=old.expires_at - old.created_at,
        origin=origin, now=now,
    )  # fmt: skip


def revoke_all(user: User, *, now: datetime | None = None) -> int:
    """End every key of the user, as after a password that was forgotten or known to somebody else; return how many."""
    now = now or timezone.now()
    return ApiKey.objects.of(user).open(now=now).update(revoked_at=now)


def revoke(user: User, key_id: UUID, *, origin: Origin, now: datetime | None = None) -> bool:
    """End a key at once; False if the user has no such open one."""
    now = now or timezone.now()
    ended = ApiKey.objects.of(user).open(now=now).filter(pk=key_id).update(revoked_at=now)
    if ended:
        security_events.record(Kind.API_KEY_REVOKED, user=user, origin=origin, key=str(key_id))
    return bool(ended)


def find(key: str, *, address: str | None, now: datetime | None = None) -> ApiKey:
    """Return the open key of this text, with its owner, by one query; once a minute a second one notes the use."""
    now = now or timezone.now()
    rows = ApiKey.objects.open(now=now).filter(digest=GENERATOR.hash(key), user__is_active=True)
    row = rows.select_related("user").first()
    if row is None:
        raise InvalidApiKey
    if row.networks and not _is_within(address, row.networks):
        fields = {"key": row.prefix, "address": address}
        security.warning("api-key-used-elsewhere", extra=fields)
        raise AddressNotAllowed
    if row.last_used_at is None or now - row.last_used_at >= NOTE_USE_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise NotANetwork(text[:43]) from None


def _is_within(address: str | None, networks: Sequence[str]) -> bool:
    """An IPv4 address that a socket of both kinds shows as `::ffff:…` is the IPv4 address."""
    if address is None:
        return False
    asked = ip_address(address)
    if isinstance(asked, IPv6Address) and asked.ipv4_mapped:
        asked = asked.ipv4_mapped
    return any(asked in ip_network(network) for network in networks)
