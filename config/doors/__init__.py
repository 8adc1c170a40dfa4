"""Two doors before everything that costs something: one that is shut for everybody, and one for a few.

    MAINTENANCE=true or the file MAINTENANCE_FILE is there ─► 503 with Retry-After, for all but probes
    BLOCKED_ADDRESSES=203.0.113.0/24,2001:db8::7           ─► 403, for whoever comes from there

Order matters. They stand behind the middleware that finds out who the caller is: before it, a blocked address would be
that of our own proxy, or one that its sender made up. And they stand before sessions, views and everything else that
asks the database: to be refused must be cheap, and a shop under maintenance may have none. The request's id and line
come first, so that a refusal can be found like any other answer.

A list of addresses is for hours, until the firewall has it; a determined attacker has others.

Roadmap: frameworks/middleware
"""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config import problems
from config.errors import AddressBlocked, UnderMaintenance

GetResponse = Callable[[HttpRequest], HttpResponse]
#: An orchestrator that gets a 503 here would restart processes, or take away the very pages that say when we return.
PROBES = "/healthz/"


class MaintenanceMiddleware:
    """Says 503 while the shop is worked on: by a setting, or from one request to the next by a file."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or say when to come back. Looking for the file costs some microseconds."""
        if is_under_maintenance() and not request.path.startswith(PROBES):
            return problems.plain_response(request, UnderMaintenance())
        return self.get_response(request)


def is_under_maintenance() -> bool:
    """Whether the shop is shut for everybody."""
    return settings.MAINTENANCE or bool(settings.MAINTENANCE_FILE and Path(settings.MAINTENANCE_FILE).exists())


class BlockedAddressesMiddleware:
    """Says 403 to whoever comes from a listed network."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it."""
        if settings.BLOCKED_ADDRESSES and is_blocked(request.META.get("REMOTE_ADDR", "")):
            return problems.plain_response(request, AddressBlocked())
        return self.get_response(request)


def is_blocked(address: str) -> bool:
    """Whether the address lies in a listed network; one that cannot be read, such as a socket's, does not."""
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller  # ::ffff:203.0.113.9 is 203.0.113.9
    return any(caller in network for network in settings.BLOCKED_ADDRESSES)
