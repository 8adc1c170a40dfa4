"""Everybody may ask so much, and nobody so much that others wait: per address, person, API key and program.

    who asks ─► the bucket of their kind ─┐
    what is asked ─► search, checkout … ──┴─► taken from all at once ─► goes on, knowing what is left
                                                        └─ one is empty ─► TooManyRequests, with the seconds to wait

REST, GraphQL and whatever comes next call `take`, so that they share the buckets. `accounts/throttling/rest.py` is how
HTTP does. Without Redis nobody is counted: a shop that sells too much is better than one that refuses everybody.

Refuses: more than a bucket holds at the moment (TooManyRequests); nothing is taken then.

Roadmap: api/rate-limiting, security/dos-protection
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from django.conf import settings

from accounts.errors import TooManyRequests
from accounts.throttling.buckets import Buckets, Quota, Wanted
from accounts.throttling.leases import Leases


class Caller(NamedTuple):
    """Who asks. `kind` is one of the table's first four; a program says for whom."""

    kind: str
    id: str
    behalf: str = ""


def take(caller: Caller, costs: Mapping[str, int]) -> list[Quota]:
    """Take `costs` from the caller's buckets, all or none, in one round trip at most; return what is left of each.

    A cost above a whole bucket takes the whole bucket. Raises TooManyRequests. Empty if Redis does not answer.
    """
    limits = settings.RATE_LIMITS
    wanted = {name: Wanted(limits[name], min(cost, limits[name].quota)) for name, cost in costs.items()}
    wait, quotas = _at(settings.REDIS_URL).take(f"{caller.kind}:{caller.id}", _apart(wanted, caller))
    if caller.behalf:
        quotas = [quota._replace(name=name) for name, quota in zip(wanted, quotas, strict=False)]
    if wait:
        empty = [quota.name for quota in quotas if quota.left < wanted[quota.name].tokens]
        raise TooManyRequests(wait, empty, quotas)
    return quotas


def _apart(wanted: Mapping[str, Wanted], caller: Caller) -> Mapping[str, Wanted]:
    """Of what a program does for people, the dear buckets are each person's own."""
    if not caller.behalf:
        return wanted
    return {name if name == caller.kind else f"{name}:{caller.behalf}": want for name, want in wanted.items()}


@cache
def _at(redis_url: str) -> Leases:
    """One pool of connections for each process, and what it holds of wide buckets."""
    return Leases(Buckets(redis_url))
