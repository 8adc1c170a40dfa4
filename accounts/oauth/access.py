"""Access tokens of OAuth clients: signed as RFC 9068 says, so that others can verify them, and kept as a row.

    {"typ": "at+jwt", "alg": "RS256", "kid": …}
    {"iss", "aud", "sub": the person, or the client itself, "client_id", "scope": "orders:read …", "jti", "iat", "exp"}

Another service believes the signature until `exp`, ten minutes at most. Our own API asks the row as well: what was
revoked is closed at once. The row holds the token's SHA-256, not the token.

Refuses: what is not ours, not for us, expired, of another type (a login's own token, an identity token), revoked, or of
somebody whose account is closed (InvalidToken).

Roadmap: auth/resource-server, auth/jwt-security
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import jwt
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts import keys
from accounts.errors import InvalidToken, UnknownKey
from accounts.models.oauth import digest

if TYPE_CHECKING:
    from accounts.models import User

TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "exp", "iat", "jti", "sub", "client_id", "scope"]


class Delegated(NamedTuple):
    """What a program was given: `user` is whom it acts for, None if for itself."""

    user: "User | None"
    client_id: str
    scopes: frozenset[str]


def sign(claims: dict[str, Any], *, type_: str = "JWT") -> str:
    """Sign with the key of the moment and name it."""
    key = keys.signing_key()
    return jwt.encode(claims, key.private, keys.ALGORITHM, headers={"kid": key.kid, "typ": type_})


def issue(request: Any) -> str:
    """Return an access token for what the library's request was granted (ACCESS_TOKEN_GENERATOR)."""
    now = int(timezone.now().timestamp())
    claims = {
        "iss": settings.SITE_URL, "aud": settings.SIMPLE_JWT["AUDIENCE"], "client_id": request.client.client_id,
        "sub": str(request.user.pk) if request.user else request.client.client_id,
        "scope": " ".join(request.scopes), "jti": uuid4().hex, "iat": now, "exp": now + request.expires_in,
    }  # fmt: skip
    return sign(claims, type_=TYPE)


def is_delegated(token: bytes | str) -> bool:
    """Whether it says of itself that it is one of these; nothing is verified yet."""
    try:
        return str(keys.header_of(token).get("typ", "")).lower() == TYPE
    except (jwt.InvalidTokenError, UnicodeError):
        return False


def verify(token: bytes | str, *, now: datetime | None = None) -> Delegated:
    """Return what the token was given for; raises InvalidToken. One query."""
    try:
        key = keys.verifying_key(str(keys.header_of(token).get("kid")))
        jwt.decode(
            token, key.public, [keys.ALGORITHM], options={"require": REQUIRED},
            audience=settings.SIMPLE_JWT["AUDIENCE"], issuer=settings.SITE_URL,
        )  # fmt: skip
    except (jwt.InvalidTokenError, UnknownKey, UnicodeError) as refusal:
        raise InvalidToken from refusal
    kept = AccessToken.objects.filter(token_checksum=digest(_text(token)), expires__gt=now or timezone.now())
    row = kept.filter(Q(user=None) | Q(user__is_active=True)).select_related("user", "application").first()
    if row is None:
        raise InvalidToken
    return Delegated(row.user, row.application.client_id, frozenset(row.scope.split()))


def _text(token: bytes | str) -> str:
    return token if isinstance(token, str) else token.decode()
