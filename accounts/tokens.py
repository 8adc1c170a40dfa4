"""Access and refresh tokens: issued at login, exchanged one against the next, ended by logout or by theft.

    login ─► family ─► refresh 1 ─► refresh 2 ─► refresh 3 (the latest, the only one that is good)
                          └─ shown again: somebody has a copy. The whole family ends, its owner is told.

Both are JWTs signed with a key of `accounts/keys.py`. An access token is believed by its signature alone for ten
minutes; who needs the user's row learns there whether the login has ended meanwhile. A refresh token is good once.

Refuses: a token that is not ours, expired, of the wrong type or of an ended login (TokenError), a spent refresh token
(TokenReused).

Roadmap: auth/access-and-refresh-tokens, auth/jwt-issue-and-verify, auth/jwt-security
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import jwt
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts import keys, letters, security_events
from accounts.errors import TokenReused, UnknownKey, WrongCredentials
from accounts.models import SecurityEvent, TokenFamily, User
from accounts.oauth import grants
from accounts.security_events import Origin

#: Claims without which a token is none, RFC 7519 and RFC 9068.
REQUIRED = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub", "sid"]
#: How long an ended login is kept; `accounts/lockout.py` knows networks by logins as old as that.
KEPT_FOR = timedelta(days=30)


class Pair(NamedTuple):
    """What a client gets: the one for its calls, and the one for the next pair."""

    access: str
    refresh: str


class Backend(TokenBackend):
    """Signs with the key of the moment and names it; verifies with the one that the token names, if it is ours.

    Roadmap: auth/jwt-structure
    """

    def encode(self, payload: dict[str, Any]) -> str:
        """Sign."""
        key = keys.signing_key()
        claims = payload | {"iss": self.issuer, "aud": self.audience, "nbf": payload["iat"]}
        return jwt.encode(claims, key.private, self.algorithm, headers={"kid": key.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Verify and return the claims. The algorithm is ours to choose, not the token's, so `none` is refused."""
        try:
            key = keys.verifying_key(str(keys.header_of(token).get("kid")))
            return jwt.decode(
                token, key.public, [self.algorithm], options={"require": REQUIRED},
                audience=self.audience, issuer=self.issuer,
            )  # fmt: skip
        except (jwt.InvalidTokenError, UnknownKey, UnicodeError, TypeError) as refusal:
            raise TokenBackendError("Token is invalid") from refusal


BACKEND = Backend(keys.ALGORITHM, audience=settings.SIMPLE_JWT["AUDIENCE"], issuer=settings.SIMPLE_JWT["ISSUER"])


class AccessToken(tokens.AccessToken):
    """Sent with every call."""

    _token_backend = BACKEND


class RefreshToken(tokens.RefreshToken):
    """Exchanged for the next pair, once."""

    _token_backend = BACKEND
    access_token_class = AccessToken


@transaction.atomic
def log_in(user: User, *, methods: Sequence[str], origin: Origin, now: datetime | None = None) -> Pair:
    """Open a family for somebody who has just proved who they are. `methods`: RFC 8176 names, such as `pwd`, `otp`.

    Locks the user's row. Raises WrongCredentials when the password that was proved has been replaced meanwhile: what
    ended all logins then would have missed this one.
    """
    now = now or timezone.now()
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, password=user.password, is_active=True):
        raise WrongCredentials
    jti = uuid4()
    family = TokenFamily(
        user=user, latest=jti, methods=list(methods), authenticated_at=now, used_at=now,
        address=origin.address, agent=origin.agent, expires_at=now + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"],
    )  # fmt: skip
    family.save(force_insert=True)
    security_events.record(SecurityEvent.Kind.LOGIN, user=user, origin=origin, methods=list(methods))
    return _pair(family, jti)


def refresh(token: str, *, origin: Origin, now: datetime | None = None) -> Pair:
    """Exchange a refresh token. One statement decides who of two exchangers was first; the other has a copy.

    Each exchange moves the login's end, but never beyond LOGINS_END_AFTER from its beginning.

    It looks at nothing but the family's own row: a condition on the user would become a subquery, which PostgreSQL does
    not ask again after it has waited for the row, and both would be first.
    """
    now, claims = now or timezone.now(), RefreshToken(token)  # type: ignore[arg-type] # simplejwt types it as a Token
    family_id, shown, following = UUID(claims["sid"]), UUID(claims["jti"]), uuid4()
    alive = TokenFamily.objects.open(now=now).filter(pk=family_id)
    lifetime = settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]
    ends = Least(now + lifetime, F("started_at") + settings.LOGINS_END_AFTER)
    changes = {"latest": following, "used_at": now, "expires_at": ends}
    is_first = alive.filter(latest=shown).update(**changes, address=origin.address, agent=origin.agent)
    family = alive.select_related("user").first()
    if family is None or not family.user.is_active:
        raise TokenError("Token is invalid")
    if not is_first:
        _stolen(family, origin, now)
        raise TokenReused
    return _pair(family, following)


def step_up(family_id: UUID, *, methods: Sequence[str], origin: Origin, now: datetime | None = None) -> str:
    """Write down that the person of this login has proved more, and return an access token that says so.

    The login's other access tokens go on saying what they said; those of its next refresh say the new thing, too.
    """
    changes = {"methods": list(methods), "authenticated_at": now or timezone.now()}
    if not TokenFamily.objects.open(now=now).filter(pk=family_id).update(**changes):
        raise TokenError("Token is invalid")
    family = TokenFamily.objects.select_related("user").get(pk=family_id)
    security_events.record(SecurityEvent.Kind.STEPPED_UP, user=family.user, origin=origin, methods=list(methods))
    return str(_refresh_token(family, uuid4()).access_token)


def log_out(family_id: UUID, *, user: User, origin: Origin, now: datetime | None = None) -> bool:
    """End one login of the user; False if there is no such open one."""
    ended = TokenFamily.objects.of(user).open().filter(pk=family_id).update(ended_at=now or timezone.now())
    if ended:
        security_events.record(SecurityEvent.Kind.LOGOUT, user=user, origin=origin)
    return bool(ended)


def log_out_everywhere(user: User, *, origin: Origin, but: UUID | None = None, now: datetime | None = None) -> int:
    """End every login of the user, browsers' too, and what programs may do for them; return how many logins.

    As after a new password. `but`: one that stays.
    """
    going = TokenFamily.objects.of(user).open()
    ended = (going.exclude(pk=but) if but else going).update(ended_at=now or timezone.now())
    grants.revoke_all(user)
    security_events.record(SecurityEvent.Kind.LOGOUT_EVERYWHERE, user=user, origin=origin, ended=ended)
    return ended


def forget_ended(*, now: datetime | None = None) -> int:
    """Delete logins that ended a month ago, and return how many. Until then they say where somebody is at home."""
    long_ago = (now or timezone.now()) - KEPT_FOR
    return TokenFamily.objects.filter(Q(ended_at__lt=long_ago) | Q(expires_at__lt=long_ago)).delete()[0]


def _pair(family: TokenFamily, jti: UUID) -> Pair:
    token = _refresh_token(family, jti)
    return Pair(access=str(token.access_token), refresh=str(token))


def _refresh_token(family: TokenFamily, jti: UUID) -> RefreshToken:
    token = RefreshToken()
    token["sub"], token["sid"], token["jti"] = str(family.user_id), str(family.pk), jti.hex
    token["amr"], token["auth_time"] = family.methods, int(family.authenticated_at.timestamp())
    return token


@transaction.atomic
def _stolen(family: TokenFamily, origin: Origin, now: datetime) -> None:
    """Thief or owner: one of them holds a spent token, and nobody can say which. Both have to log in again."""
    TokenFamily.objects.filter(pk=family.pk).update(ended_at=now)
    security_events.record(SecurityEvent.Kind.TOKEN_REUSED, user=family.user, origin=origin, login=str(family.pk))
    letters.post("token_reused", to=family.user.email, origin=origin)
