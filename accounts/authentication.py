"""Who sends this request: a bearer token is verified by its signature, the user's row is read when it is asked for.

Roadmap: auth/stateless-authentication, auth/jwt-issue-and-verify, auth/api-keys
"""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from accounts import api_keys, errors
from accounts.models import ApiKey, User
from accounts.oauth import access
from accounts.permissions import scope_of
from accounts.scopes import CLIENTS_OWN, SCOPES
from accounts.security_events import Origin

COLUMNS = [field.attname for field in User._meta.concrete_fields]
OWNER = f"""
SELECT {", ".join(f'person."{field.column}"' for field in User._meta.concrete_fields)}
FROM accounts_tokenfamily login JOIN accounts_user person ON person.id = login.user_id
WHERE login.id = %s AND login.ended_at IS NULL AND login.expires_at > %s AND person.is_active
"""  # noqa: S608 # nosec B608 - names of columns, no values


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer …` with a login's own access token, or with one that a program was given."""

    def authenticate(self, request: Request) -> Any:
        """A token says in its signed header which of the two it is; neither would pass the other's checks."""
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header is not None else None
        if raw is None or not access.is_delegated(raw):
            return super().authenticate(request)
        try:
            given = access.verify(raw)
        except errors.InvalidToken as refusal:
            raise InvalidToken(str(refusal)) from refusal
        return given.user or AnonymousUser(), given

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override] # theirs is generic
        """Promise the user. Whoever first looks at it pays one query, and learns there if the login has ended."""
        return cast(User, SimpleLazyObject(lambda: owner(UUID(validated_token["sid"]))))


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key …`: in that header, since a request then has one caller, and since proxies and error
    reports know to keep none of it."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the owner and the key, which says its scopes; None if the header is about something else."""
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "api-key":
            return None
        row = api_keys.find(key.strip(), address=origin_of(request).address)
        return row.user, row


def owner(family_id: UUID) -> User:
    """Return whose login this is; raises InvalidToken when it has ended or its account is closed.

    The plain way is `TokenFamily.objects.open().filter(pk=family_id, user__is_active=True).select_related("user")`.
    Every request with a token asks this; put together by Django each time it takes 1.1 ms of processor time, as text
    0.13. `tests/accounts/test_owner.py` compares the two.
    """
    with connection.cursor() as cursor:
        cursor.execute(OWNER, [family_id, timezone.now()])
        row = cursor.fetchone()
    if row is None:
        raise InvalidToken("This login has ended.")
    return User.from_db(connection.alias, COLUMNS, row)


def origin_of(request: HttpRequest | Request) -> Origin:
    """Where the request came from. The proxy in front has to set REMOTE_ADDR; headers are anybody's to write."""
    return Origin(request.META.get("REMOTE_ADDR") or None, request.META.get("HTTP_USER_AGENT", "")[:200])


def person_of(request: HttpRequest | Request) -> User:
    """Return who asks; the view has seen to it that somebody does."""
    assert isinstance(request.user, User)
    return request.user


class BearerScheme(SimpleJWTScheme):
    """How the OpenAPI document names it: a login's own token, or one with a scope that an OAuth client was given."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = ["jwtAuth", "oauth2", "openId"]  # type: ignore[assignment] # theirs has one

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Either; what names no scope is open to a login only."""
        scope = scope_of(auto_schema.view, auto_schema.method)
        return [{"jwtAuth": []}, *([{"oauth2": [scope]}, {"openId": [scope]}] if scope else [])]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Where tokens come from."""
        code = {"authorizationUrl": "/oauth/authorize/", "tokenUrl": "/oauth/token/", "refreshUrl": "/oauth/token/"}
        flows = {
            "authorizationCode": {**code, "scopes": SCOPES},
            "clientCredentials": {"tokenUrl": "/oauth/token/", "scopes": CLIENTS_OWN},
        }
        openid = {"type": "openIdConnect", "openIdConnectUrl": "/.well-known/openid-configuration"}
        return [super().get_security_definition(auto_schema), {"type": "oauth2", "flows": flows}, openid]


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it; what names no scope is closed to keys."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """One that may do what the view names."""
        return [{self.name: []}] if scope_of(auto_schema.view, auto_schema.method) else []

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """OpenAPI has no word for a scheme of one's own in `Authorization`."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Api-Key rsk_…`"}
