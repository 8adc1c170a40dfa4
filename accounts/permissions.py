"""What a view asks of its caller, beside being logged in, which is the default everywhere.

Roadmap: auth/authorization-middleware-and-decorators, auth/oauth2-scopes, auth/mfa
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import mfa
from accounts.errors import InsufficientScope, StepUpRequired
from accounts.mfa import PROOF_LASTS
from accounts.models import User


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


class HoldsToWrite(Holds):
    """Who is logged in may read, if they may see the object at all; to write needs the permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Ask no group of who only reads."""
        if request.method in SAFE_METHODS:
            return bool(request.user.is_authenticated) and WithinScope.has_permission(self, request, view)
        return super().has_permission(request, view)


class SteppedUp(WithinScope):
    """The caller has shown a second factor within the last 15 minutes; the token itself says so. No program has."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise StepUpRequired, which tells the client what to do about it."""
        if not super().has_permission(request, view) or not request.user.is_authenticated:
            return False
        if getattr(request.auth, "scopes", None) is not None or not self.is_proved(request):
            raise StepUpRequired(int(PROOF_LASTS.total_seconds()))
        return True

    def is_proved(self, request: Request) -> bool:
        """Whether it was shown."""
        return _proved_lately(request, "otp")


class Staffed(SteppedUp):
    """Each method named here needs its permission: `Staffed.to(POST="shop.add_product")`. To read what is not named is
    open to everybody, and to write it to nobody.

    Whoever writes in person has shown a second factor lately, as in the admin; a program has its scope, which was given
    to it that way.
    """

    needed: dict[str, str]

    @classmethod
    def to(cls, **needed: str) -> "type[Staffed]":
        """Return the class that asks for these."""
        return type("Staffed", (cls,), {"needed": needed})

    def is_open(self, method: str) -> bool:
        """Whether everybody may."""
        return method in SAFE_METHODS and method not in self.needed

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise StepUpRequired or InsufficientScope where the role alone would do."""
        needed = self.needed.get("GET" if request.method == "HEAD" else request.method or "")
        is_read = request.method in SAFE_METHODS
        if needed is None and not hasattr(view, (request.method or "").lower()):
            return True  # the view has no such method and says so: 405
        if needed is None:
            return is_read and WithinScope.has_permission(self, request, view)
        user = request.user
        if not (user.is_authenticated and user.is_staff and user.has_perm(needed)):
            return False
        if is_read or getattr(request.auth, "scopes", None) is not None:
            return WithinScope.has_permission(self, request, view)
        return super().has_permission(request, view)


class ProvedAgain(SteppedUp):
    """Prove who you are before you change how you prove it: lately, by all that you have. To look is free."""

    def is_proved(self, request: Request) -> bool:
        """Whoever sets up the first factor cannot show it yet, but has just logged in."""
        if request.method in SAFE_METHODS or super().is_proved(request):
            return True
        return _proved_lately(request, "pwd") and not mfa.is_enrolled(cast(User, request.user))


def let_in(request: Request, scope: str, guards: Sequence[type[BasePermission]]) -> None:
    """Ask every guard as a REST view would, for what is none: a field of GraphQL, a method of gRPC.

    Raises NotAuthenticated, PermissionDenied, or what the guards raise.
    """
    view: Any = SimpleNamespace(scopes={"GET": scope, "POST": scope})
    every: tuple[type[BasePermission], ...] = (*guards, WithinScope)
    for guard in every:
        if not guard().has_permission(request, view):
            raise PermissionDenied if request.user.is_authenticated else NotAuthenticated


def _proved_lately(request: Request, method: str) -> bool:
    """Read it from the claims of RFC 8176 and RFC 9068; a token without them proves nothing."""
    claims = getattr(request.auth, "payload", {})
    since = (timezone.now() - PROOF_LASTS).timestamp()
    return method in claims.get("amr", ()) and claims.get("auth_time", 0) > since


def scope_of(view: Any, method: str) -> str:
    """Return the scope that a view names for a method; "" if none opens it."""
    return str(getattr(view, "scopes", {}).get("GET" if method == "HEAD" else method, ""))
