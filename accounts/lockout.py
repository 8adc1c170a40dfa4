"""Whoever guesses has to wait: longer after each failure, and refused before anything is hashed.

    failures counted together             the pauses begin at   one is forgotten every   who is counted so
    this account, this known device                5            two hours                browsers that have been in it
    this account, this network                     5            two hours                everybody else
    this account, all strange networks            20            two hours                … where it was never logged in
    all accounts, this network                   100            36 seconds               … known there or not

A pause is 1 minute, then 2, 4 … 60 while failures go on.

An attempt is taken from the count before the secret is looked at and given back if it was right: of fifty guesses at
once five are heard, since PostgreSQL lets one after the other have the row.

A stranger who locks an account shuts out strangers, not its owner. A browser that has been in the account shows a
cookie, and has a count of its own that nobody else can fill (OWASP's device cookies). A program shows none: it is known
by the network of a login of the last thirty days, and does not share the account's count. What is left to the stranger:
the owner's first login from a new place waits while the account is under attack; and whoever shares the owner's network
can fill that network's counts for everybody there without such a cookie.

Unknown addresses are counted as known ones are, so a lock says nothing about whether there is an account.

Roadmap: auth/user-authentication
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import letters, security_events
from accounts.errors import AccountError, TooManyAttempts
from accounts.models import Attempts, SecurityEvent, TokenFamily
from accounts.security_events import Origin

if TYPE_CHECKING:
    from accounts.models import User

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: After so many more failures the pause is the longest.
DOUBLINGS = 6
#: Two callers at once may each think that they were first, by less than this part of what one failure counts.
ROUNDING = 0.01
#: How long a network is known after a login of the account from there.
KNOWN_FOR = timedelta(days=30)


class Rule(NamedTuple):
    """With failure number `most` the pauses begin; one failure is forgotten every `forgets`."""

    most: int
    forgets: timedelta


PAIR = Rule(5, timedelta(hours=2))
ACCOUNT = Rule(20, timedelta(hours=2))
NETWORK = Rule(100, timedelta(seconds=36))
#: Letters that a network may have sent to addresses that it merely names: twenty at once, then one in three minutes.
LETTERS = Rule(20, timedelta(minutes=3))


class Taken(NamedTuple):
    """One attempt that was taken from one count; `failures` are those by then, this one included."""

    key: str
    rule: Rule
    failures: int
    locked_until: datetime


# One statement by itself, so that nobody waits for a caller who has locked a row and then waits for the processor:
# sixteen hashes at once can take all of it for seconds. Rows are taken in the order of their keys, so that callers
# cannot block each other; each sees what the last one left, and a locked row is neither changed nor returned.
TAKE = """
WITH rule (key, forgets, most) AS (
    SELECT * FROM unnest(%(keys)s::text[], %(forgets)s::interval[], %(most)s::int[])
)
INSERT INTO accounts_attempts AS held (key, owed_until, locked_until)
SELECT key, %(now)s + forgets, %(now)s FROM rule ORDER BY key
ON CONFLICT (key) DO UPDATE SET (owed_until, locked_until) = (
    SELECT counted.owed_until, CASE
        WHEN failures < most THEN held.locked_until
        ELSE %(now)s + least(%(first)s * 2 ^ (failures - most), %(longest)s)
    END
    FROM rule, LATERAL (
        -- What is beyond makes no pause longer, and would take days to forget.
        SELECT least(greatest(held.owed_until, %(now)s) + forgets, %(now)s + (most + %(doublings)s) * forgets)
    ) counted (owed_until), LATERAL (
        SELECT ceil(extract(epoch FROM counted.owed_until - %(now)s) / extract(epoch FROM forgets) - %(rounding)s)
    ) counted_failures (failures)
    WHERE rule.key = held.key
)
WHERE held.locked_until <= %(now)s
RETURNING key, owed_until, locked_until
"""


@contextmanager
def attempt(
    purpose: str,
    account: str,
    *,
    owner: "User | None",
    origin: Origin,
    device: str | None = None,
    now: datetime | None = None,
) -> Iterator[None]:
    """Let the block look at a secret, or raise TooManyAttempts instead. An AccountError from the block is a failure.

    `account`: the address as typed; `owner`: whose it is, if anybody's; `device`: a known one, if it showed itself.
    Must stand outside of any transaction: what is taken must not be rolled back.
    """
    with transaction.atomic(durable=True):
        pass  # sends PostgreSQL nothing; raises RuntimeError in a transaction
    now = now or timezone.now()
    taken = _take(_counts(purpose, account.strip().lower(), owner, origin, device, now), now)
    try:
        yield
    except AccountError:
        _tell(account, owner, origin, taken, now)
        raise
    _give_back(taken, now)


def ration(purpose: str, *, origin: Origin, now: datetime | None = None) -> None:
    """Take one from what a network may ask of us, right or wrong; raise TooManyAttempts when it has had its share."""
    now = now or timezone.now()
    _take({_key(purpose, "ration", network_of(origin.address)[0]): LETTERS}, now)


def forget_old(*, now: datetime | None = None) -> int:
    """Drop the counts that say nothing any more; return how many."""
    now = now or timezone.now()
    return Attempts.objects.filter(owed_until__lt=now, locked_until__lt=now).delete()[0]


@lru_cache(1024)
def network_of(address: str | None) -> tuple[str, str]:
    """Return the first and last address that count as one: an IPv6 customer has 2^64 and would use each once."""
    if address is None:
        return "", ""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and (mapped := parsed.ipv4_mapped):
        parsed = mapped
    if isinstance(parsed, IPv6Address):
        network = IPv6Network((parsed, 64), strict=False)
        return str(network[0]), str(network[-1])
    return str(parsed), str(parsed)


def _counts(
    purpose: str, account: str, owner: "User | None", origin: Origin, device: str | None, now: datetime
) -> dict[str, Rule]:
    if device:
        return {_key(purpose, "device", account, device): PAIR}
    network, _ = network_of(origin.address)
    counts = {_key(purpose, "pair", account, network): PAIR, _key("any", "network", network): NETWORK}
    if not _is_known(owner, origin, now):
        counts[_key(purpose, "account", account)] = ACCOUNT
    return counts


def _key(*parts: str) -> str:
    return salted_hmac("accounts.lockout", "\n".join(parts), algorithm="sha256").hexdigest()


def _is_known(owner: "User | None", origin: Origin, now: datetime) -> bool:
    """Asked for strangers' addresses as well, or the time would tell them apart."""
    lately = TokenFamily.objects.filter(user_id=owner.pk if owner else 0, started_at__gt=now - KNOWN_FOR)
    return lately.filter(address__range=network_of(origin.address)).exists() if origin.address else False


def _take(counts: dict[str, Rule], now: datetime) -> list[Taken]:
    """Take one from each, or none and raise."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, _parameters(counts, now))
        taken = [_taken(key, counts[key], owed, locked, now) for key, owed, locked in cursor.fetchall()]
    if len(taken) == len(counts):
        return taken
    for one in taken:  # a crash before this leaves a failure too many
        _take_back(one, now)
    until = Attempts.objects.filter(pk__in=counts).aggregate(latest=Max("locked_until"))["latest"]
    raise TooManyAttempts(max(1, ceil((until - now).total_seconds())))


def _parameters(counts: dict[str, Rule], now: datetime) -> dict[str, Any]:
    return {
        "keys": list(counts),
        "forgets": [rule.forgets for rule in counts.values()],
        "most": [rule.most for rule in counts.values()],
        "now": now, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "doublings": DOUBLINGS, "rounding": ROUNDING,
    }  # fmt: skip


def _taken(key: str, rule: Rule, owed_until: datetime, locked_until: datetime, now: datetime) -> Taken:
    return Taken(key, rule, ceil((owed_until - now) / rule.forgets - ROUNDING), max(locked_until, now))


def _give_back(taken: list[Taken], now: datetime) -> None:
    """A success clears the count that is the caller's alone. Of those shared with others only its own try goes."""
    for one in taken:
        if one.rule is PAIR:
            Attempts.objects.filter(pk=one.key).delete()
        else:
            _take_back(one, now)


def _take_back(one: Taken, now: datetime) -> None:
    mine = Attempts.objects.filter(pk=one.key)
    mine.update(owed_until=F("owed_until") - one.rule.forgets)
    if one.locked_until > now:
        mine.filter(locked_until=one.locked_until).update(locked_until=now)


def _tell(account: str, owner: "User | None", origin: Origin, taken: list[Taken], now: datetime) -> None:
    """Write down each lock; the first of a row of them is worth a letter to the owner, if there is one."""
    locks = [one for one in taken if one.locked_until > now]
    if not locks:
        return
    with transaction.atomic():
        until = max(one.locked_until for one in locks)
        seconds = int((until - now).total_seconds())
        security_events.record(SecurityEvent.Kind.LOCKED, user=owner, origin=origin, seconds=seconds)
        if any(one.rule is not NETWORK and one.failures == one.rule.most for one in locks):
            letters.post("locked", to=account.strip().lower(), origin=origin, until=f"{until:%H:%M} UTC")
