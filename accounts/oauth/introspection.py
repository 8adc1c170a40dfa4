"""What a token is good for, told to a client that asks (RFC 7662).

A client learns of its own tokens; only one that is registered as a resource server learns of others'. To everybody else
a token that is not theirs looks like none.

Roadmap: auth/resource-server
"""

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts.models import Application
from accounts.models.oauth import digest


def describe(token: str, *, asked_by: Application) -> dict[str, Any]:
    """Return the members of RFC 7662, or only that it is not active."""
    found = AccessToken.objects.filter(Q(user=None) | Q(user__is_active=True), token_checksum=digest(token))
    theirs = found if asked_by.is_resource_server else found.filter(application=asked_by)
    row = theirs.filter(expires__gt=timezone.now()).select_related("application").first()
    if row is None:
        return {"active": False}
    return {
        "active": True, "token_type": "Bearer", "scope": row.scope, "client_id": row.application.client_id,
        "sub": str(row.user_id or row.application.client_id), "iss": settings.SITE_URL,
        "aud": settings.SIMPLE_JWT["AUDIENCE"], "exp": int(row.expires.timestamp()),
    }  # fmt: skip
