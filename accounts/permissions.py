"""What a view asks of its caller, beside being logged in, which is the default everywhere.

Roadmap: auth/authorization-middleware-and-decorators, auth/oauth2-scopes
"""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.errors import InsufficientScope


class WithinScope(BasePermission):
    """A program may do what the view names in `scopes` and the person agreed to; the person may do everything."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """A view or method that names no scope is closed to programs; raises InsufficientScope."""
        granted = getattr(request.auth, "scopes", None)
        needed = scope_of(view, request.method or "")
        if granted is not None and needed not in granted:
            raise InsufficientScope(needed)
        return True


class Holds(WithinScope):
    """The caller must hold a permission: `permission_classes = [Holds.the("orders.refund_order")]`."""

    permission: str

    @classmethod
    def the(cls, permission: str) -> "type[Holds]":
        """Return the class that asks for this one of `accounts/roles.py`."""
        return type("Holds", (cls,), {"permission": permission})

    def has_permission(self, request: Request, view: Any) -> bool:
        """A customer is known by the row that is read anyway; only for staff the groups are asked."""
        user = request.user
        may = bool(user.is_authenticated and user.is_staff and user.has_perm(self.permission))
        return may and super().has_permission(request, view)


def scope_of(view: Any, method: str) -> str:
    """Return the scope that a view names for a method; "" if none opens it."""
    return str(getattr(view, "scopes", {}).get("GET" if method == "HEAD" else method, ""))
