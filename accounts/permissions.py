"""What a view asks of its caller, beside being logged in, which is the default everywhere.

Roadmap: auth/authorization-middleware-and-decorators
"""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Holds(BasePermission):
    """The caller must hold a permission: `permission_classes = [Holds.the("orders.refund_order")]`."""

    permission: str

    @classmethod
    def the(cls, permission: str) -> "type[Holds]":
        """Return the class that asks for this one of `accounts/roles.py`."""
        return type("Holds", (cls,), {"permission": permission})

    def has_permission(self, request: Request, view: Any) -> bool:
        """A customer is known by the row that is read anyway; only for staff the groups are asked."""
        user = request.user
        return bool(user.is_authenticated and user.is_staff and user.has_perm(self.permission))
