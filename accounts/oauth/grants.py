"""What people let programs do in their name, and how that ends.

    person agrees ─► code, one minute ─► family of refresh tokens, each good once ─► access tokens, ten minutes
                        └─ shown twice         └─ shown twice: somebody has a copy. All that came of it ends.

A family is found again by the code that it came of, although the code itself is gone: its id is made from it.

Roadmap: auth/authorization-server
"""

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.aggregates import StringAgg
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts import security_events
from accounts.models import Application, SecurityEvent
from accounts.security_events import NOWHERE, Origin

if TYPE_CHECKING:
    from accounts.models import User


def family_of(code: str) -> UUID:
    """Return the id of the tokens that an authorization code became."""
    return UUID(bytes=sha256(b"family of " + code.encode("utf-8", "surrogatepass")).digest()[:16])


def applications_of(user: "User") -> QuerySet[Application]:
    """Return the programs that may still act for somebody, with what they may and when they last came."""
    oldest = timezone.now() - settings.OAUTH2_PROVIDER["REFRESH_TOKEN_EXPIRE_SECONDS"]
    living = Application.objects.filter(
        refreshtoken__user=user, refreshtoken__revoked=None, refreshtoken__created__gt=oldest
    )
    return living.annotate(
        granted=StringAgg("refreshtoken__access_token__scope", " "),
        used_at=Max("refreshtoken__created"),
    ).order_by("name", "id")


@transaction.atomic
def revoke(user: "User", client_id: str, *, origin: Origin = NOWHERE) -> bool:
    """Let a program act for somebody no longer; False if it did not."""
    application = applications_of(user).filter(client_id=client_id).first()
    if application is None:
        return False
    _end(user, application=application)
    kind = SecurityEvent.Kind.APPLICATION_REVOKED
    security_events.record(kind, user=user, origin=origin, application=application.name)
    return True


@transaction.atomic
def revoke_all(user: "User") -> None:
    """Let no program act for somebody any longer, as after a new password."""
    _end(user)


def stolen(family: UUID) -> bool:
    """End everything that came of a code or a refresh token that was shown twice; False if it had ended before.

    Somebody has a copy, and nobody can say who of the two.
    """
    living = (
        RefreshToken.objects.filter(token_family=family, revoked=None).select_related("user", "application").first()
    )
    RefreshToken.revoke_family(family)
    if living:
        kind = SecurityEvent.Kind.TOKEN_REUSED
        security_events.record(kind, user=living.user, application=living.application.name)
    return living is not None


def _end(user: "User", **only: Application) -> None:
    """Codes first: an exchange under way waits for its code's row, and then finds it gone."""
    Grant.objects.filter(user=user, **only).delete()
    RefreshToken.objects.filter(user=user, revoked=None, **only).update(revoked=timezone.now(), access_token=None)
    AccessToken.objects.filter(user=user, **only).delete()
