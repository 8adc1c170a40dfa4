"""Who may use which field: the permission classes and scopes of the REST views, asked before a resolver runs.

Only fields of the roots are guarded. What hangs below them is reached through an object that the caller was given.

Roadmap: auth/authorization-middleware-and-decorators
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from rest_framework.permissions import BasePermission, IsAuthenticated

from accounts.permissions import let_in
from shop.schema.loading import on_request_thread

Resolver = Callable[..., Awaitable[Any]]
Guard = type[BasePermission]  # what REST views name in `permission_classes`


def guarded(scope: str, *guards: Guard) -> Callable[[Resolver], Resolver]:
    """`@guarded("orders:read", IsAuthenticated)`: `scopes` and `permission_classes` for one field.

    Raises in the field's place NotAuthenticated, PermissionDenied, or what the guards raise.
    """

    def decorate(resolver: Resolver) -> Resolver:
        @wraps(resolver)
        async def resolve(root: Any, info: Any, **arguments: Any) -> Any:
            await on_request_thread(let_in)(info.context.request, scope, guards)
            return await resolver(root, info, **arguments)

        resolve.guards = (scope, guards)  # type: ignore[attr-defined] # for docs/access-matrix.md
        return resolve

    return decorate


def logged_in(scope: str, *guards: Guard) -> Callable[[Resolver], Resolver]:
    """As `guarded`, for fields that belong to somebody."""
    return guarded(scope, IsAuthenticated, *guards)
