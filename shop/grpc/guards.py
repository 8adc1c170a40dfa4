"""Who may call which method: the permission classes and scopes of the REST views, named on the method itself.

    @opened("stock:write", Holds.the("shop.change_stock"))
    def ReserveStock(...)

`config/grpc/gate.py` asks them before the method runs. A method that names nothing is closed to everybody.

Roadmap: auth/authorization-middleware-and-decorators
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

#: Whose call this thread works on, as authentication left it.
caller: ContextVar[Request] = ContextVar("caller")

Method = TypeVar("Method", bound=Callable[..., Any])


class Opening(NamedTuple):
    """What a method asks of its caller: the scope that a program needs, and the permissions of everybody."""

    scope: str
    guards: tuple[type[BasePermission], ...]


def opened(scope: str, *guards: type[BasePermission]) -> Callable[[Method], Method]:
    """Open a method to whoever passes all of the guards; to programs only with the scope."""

    def decorate(method: Method) -> Method:
        method.opening = Opening(scope, guards)  # type: ignore[attr-defined] # for the gate
        return method

    return decorate


def opening_of(servicer: object, method: str) -> Opening | None:
    """Return what the method asks; None: it is closed."""
    return getattr(getattr(servicer, method, None), "opening", None)
