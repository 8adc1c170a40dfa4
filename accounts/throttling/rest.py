"""How requests are counted over HTTP, and how answers say what is left.

    RateLimit-Policy: "person";q=600;w=60, "checkout";q=60;w=60        600 requests in 60 seconds, of them 60 purchases
    RateLimit: "person";r=598;t=1, "checkout";r=59;t=1                 so many are left; all are back in `t` seconds

Fields of draft-ietf-httpapi-ratelimit-headers-10. Who the caller is was settled before, by the authentication; a guest
is an address, or an IPv6 network of 64 bits. X-Forwarded-For is believed of our own proxies alone
(`config.middleware.ClientAddressMiddleware`): else each request would bring its own fresh bucket.

Roadmap: api/rate-limiting, security/dos-protection
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import throttling
from accounts.authentication import origin_of
from accounts.errors import TooManyRequests
from accounts.lockout import network_of
from accounts.models import ApiKey
from accounts.oauth.access import Delegated
from accounts.throttling import Caller
from accounts.throttling.buckets import Quota
from accounts.tokens import AccessToken


class Throttle(BaseThrottle):
    """Takes one from the caller's bucket, and one from each that the view names in `buckets` for what is asked:

    `buckets = {"POST": "checkout", "GET?search": "search"}`, the latter for requests with that parameter.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raise TooManyRequests when one of them is empty."""
        caller = caller_of(request)
        count(caller, dict.fromkeys([caller.kind, *_named(view, request)], 1), view.headers)
        return True


def count(caller: Caller, costs: Mapping[str, int], headers: dict[str, str]) -> None:
    """Take the costs and say in the answer's headers what is left; raises TooManyRequests, and says it all the same."""
    try:
        quotas = throttling.take(caller, costs)
    except TooManyRequests as refusal:
        _tell(refusal.quotas, headers)
        raise
    _tell(quotas, headers)


def caller_of(request: Request) -> Caller:
    """Return whose buckets a request takes from. Asks no query: a login's token names its owner."""
    auth: Any = request.auth
    if isinstance(auth, ApiKey):
        return Caller("key", str(auth.pk))
    if isinstance(auth, Delegated):
        return Caller("program", auth.client_id, str(auth.user.pk) if auth.user else "itself")
    if auth is not None:
        return Caller("person", str(cast(AccessToken, auth)["sub"]))
    return guest(request)


def guest(request: HttpRequest | Request) -> Caller:
    """Return the buckets of whoever does not say who they are."""
    return Caller("address", network_of(origin_of(request).address)[0])


def _named(view: Any, request: Request) -> Iterator[str]:
    method = "GET" if request.method == "HEAD" else request.method
    for asked, name in getattr(view, "buckets", {}).items():
        verb, _, parameter = asked.partition("?")
        if verb == method and (not parameter or request.query_params.get(parameter)):
            yield name


def _tell(quotas: Iterable[Quota], headers: dict[str, str]) -> None:
    """Add to what the headers say already; without Redis there is nothing to say."""
    for quota in quotas:
        policy = f'"{quota.name}";q={quota.limit.quota};w={quota.limit.window}'
        left = f'"{quota.name}";r={quota.left};t={quota.full_in}'
        for header, item in (("RateLimit-Policy", policy), ("RateLimit", left)):
            headers[header] = f"{headers[header]}, {item}" if header in headers else item
