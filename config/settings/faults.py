"""Everything that is wrong with the settings, in one message: who starts the shop mends all of it in one go.

    env is imported ─► a reader that must refuse notes why and returns a stand-in ─► … ─► settle() raises with the list

Production reads more after `base` has settled, so it begins once more before; the list is told at the outer end. Once
settled, readers refuse on the spot.

Roadmap: workflow/configuration-management
"""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured

P = ParamSpec("P")
T = TypeVar("T")
Reader = Callable[Concatenate[str, P], T]


class _Noted:
    open_ends = 1  # that of `base`, whose imports read variables before its first line
    faults: dict[str, str] = {}


def begin() -> None:
    """Have the next settle() leave the telling to another."""
    _Noted.open_ends += 1


def settle() -> None:
    """At the outer end: raise ImproperlyConfigured with everything that was noted, if anything was.

    What was noted stays noted. Django asks for the settings again after a first refusal, and a module that is imported
    by then is not read anew: with a list that was torn up, the second asking would start a shop with stand-ins.
    """
    _Noted.open_ends -= 1
    if _Noted.open_ends == 0 and _Noted.faults:
        raise _listed()


def _listed() -> ImproperlyConfigured:
    noted = list(_Noted.faults.values())
    lines = "".join(f"\n  {fault}" for fault in noted)
    return ImproperlyConfigured(noted[0] if len(noted) == 1 else f"{len(noted)} settings are wrong:{lines}")


def refuse(name: str, fault: str) -> None:
    """Note what is wrong with a variable, once for each; raise ImproperlyConfigured where all is settled."""
    if not _Noted.open_ends:
        raise _listed() if _Noted.faults else ImproperlyConfigured(fault)
    _Noted.faults.setdefault(name, fault)


def noted(stand_in: Callable[[str], Any]) -> Callable[[Reader[P, T]], Reader[P, T]]:
    """Make a reader of a variable note what it would raise, and go on with something of the right type."""

    def decorate(reader: Reader[P, T]) -> Reader[P, T]:
        @wraps(reader)
        def read(name: str, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return reader(name, *args, **kwargs)
            except ImproperlyConfigured as wrong:
                refuse(name, str(wrong))
                return stand_in(name)

        return read

    return decorate


def refuse_contradictions(settings: Mapping[str, Any]) -> None:
    """Note values that are sound alone and make no sense together; asked only when each alone is sound."""
    if not _Noted.faults:
        for name, fault in contradictions(settings):
            refuse(name, fault)


def contradictions(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and sentence of each."""
    if settings["PAYMENT_DEADLINE"] > settings["RECONCILE_AFTER"]:
        yield (
            "PAYMENT_DEADLINE_SECONDS",
            "PAYMENT_DEADLINE_SECONDS must not be above RECONCILE_AFTER_SECONDS: "
            "an order would be asked about while its buyer still waits for the same answer.",
        )
    if bool(settings["GRPC_CERTIFICATE"]) != bool(settings["GRPC_PRIVATE_KEY"]):
        yield "GRPC_CERTIFICATE", "GRPC_CERTIFICATE and GRPC_PRIVATE_KEY belong together: give both or neither."
    if settings["SOCIAL_ISSUER"] and not (settings["SOCIAL_CLIENT_ID"] and settings["SOCIAL_CLIENT_SECRET"]):
        yield "SOCIAL_ISSUER", "SOCIAL_ISSUER needs SOCIAL_CLIENT_ID and SOCIAL_CLIENT_SECRET beside it."
