"""What a client of the provider may get, beyond what the library and RFC 6749, 7636, 9207 and 9700 decide.

Refuses: a scope that the client was not registered for, no scope at all, a code or a refresh token that was shown
before (what came of it ends), people whose account is closed, tokens for another API than ours.

Roadmap: auth/authorization-server, auth/openid-connect, auth/oauth2-basics
"""

from typing import Any

import jwt
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare
from jwcrypto.jwk import JWK
from oauth2_provider.models import Grant, RefreshToken
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from accounts import keys, security_events
from accounts.errors import UnknownKey
from accounts.models import SecurityEvent
from accounts.models.oauth import digest
from accounts.oauth import access, grants
from accounts.scopes import CLIENTS_OWN, IDENTITY, SCOPES
from accounts.security_events import Origin


class Scopes(BaseScopes):
    """The scopes of `accounts/scopes.py`, as far as a client was registered for them."""

    def get_all_scopes(self) -> dict[str, str]:
        """Each with the sentence that people read."""
        return IDENTITY | SCOPES

    def get_available_scopes(self, application: Any = None, request: Any = None, *_: Any, **__: Any) -> list[str]:
        """What a client may ask for; without one, what there is."""
        if application is None:
            return list(self.get_all_scopes())
        return [name for name in application.scopes if application.acts_for_people or name in CLIENTS_OWN]

    def get_default_scopes(self, *_: Any, **__: Any) -> list[str]:
        """Nobody gets what they did not ask for."""
        return []


class OneAtATime(OAuthLibCore):
    """Exchanges a code or a refresh token in one transaction, so that of two exchangers the second finds it spent."""

    @transaction.atomic
    def create_token_response(self, request: Any) -> Any:
        """A refusal is an answer, not an exception: what it revoked stays revoked."""
        return super().create_token_response(request)


class Validator(OAuth2Validator):
    """Asked by the library at each step."""

    def validate_scopes(
        self, client_id: Any, scopes: Any, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Something must be asked for, and nothing beyond the client's registration."""
        return bool(scopes) and super().validate_scopes(client_id, scopes, client, request, *args, **kwargs)

    def validate_code(self, client_id: Any, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """A code is good once; the second who shows it ends what the first one got (RFC 6749, 4.1.2)."""
        if "\x00" in code or not Grant.objects.select_for_update().filter(code=code, application=client):
            grants.stolen(grants.family_of(code))
            return False
        return super().validate_code(client_id, code, client, request, *args, **kwargs) and request.user.is_active

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """A refresh token is good once; the second who shows it ends the whole family (RFC 9700, 4.14)."""
        shown = RefreshToken.objects.select_for_update().filter(token_checksum=digest(refresh_token)).first()
        if shown is None or shown.revoked:
            if shown:
                grants.stolen(shown.token_family)
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args, **kwargs) and shown.user.is_active

    def save_authorization_code(self, client_id: Any, code: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        """The person has agreed: write it down where they will see it."""
        super().save_authorization_code(client_id, code, request, *args, **kwargs)
        origin = Origin(request.headers.get("REMOTE_ADDR"), request.headers.get("HTTP_USER_AGENT", ""))
        kind, name = SecurityEvent.Kind.APPLICATION_AUTHORIZED, request.client.name
        security_events.record(kind, user=request.user, origin=origin, application=name, scopes=request.scopes)

    def _load_application(self, client_id: str | None, request: Any) -> Any:
        """No client is named by what no database keeps; in a header it passes the views' own check."""
        return None if "\x00" in (client_id or "") else super()._load_application(client_id, request)

    def validate_silent_login(self, request: Any) -> bool:
        """`prompt=none`: it fails on the next question."""
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        """Nobody agrees without being asked: the program hears `consent_required`."""
        return False

    def _create_refresh_token(self, request: Any, code: str, access_token: Any, previous: Any) -> Any:
        """The first of a family takes its name from the authorization code."""
        made = super()._create_refresh_token(request, code, access_token, previous)
        if previous is None:
            RefreshToken.objects.filter(pk=made.pk).update(token_family=grants.family_of(request.code))
        return made

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        return bool(stored_secret) and constant_time_compare(digest(provided_secret), stored_secret)

    def _validate_resource_uris(self, request: Any, resources: list[str]) -> None:
        """RFC 8707: our tokens are for our API."""
        if set(resources) - {settings.SIMPLE_JWT["AUDIENCE"]}:
            raise CustomOAuth2Error("invalid_target", "Tokens are given out for this shop's API only.", request=request)

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """What identity tokens and userinfo say, each under its scope. An account begins with a proven address."""
        return {"name": request.user.name, "email": request.user.email, "email_verified": True}

    def finalize_id_token(self, id_token: dict[str, Any], token: Any, token_handler: Any, request: Any) -> str:
        """Sign with the key that signs everything else."""
        claims, expires_at = self.get_id_token_dictionary(token, token_handler, request)
        claims |= {"nonce": request.nonce} if request.nonce else {}
        request.id_token = request.access_token = self._save_id_token(claims["jti"], request, expires_at)
        return access.sign(id_token | claims)

    def _get_key_for_token(self, token: str) -> JWK | None:
        """An identity token that comes back as a hint names its key as any other does."""
        try:
            return JWK.from_pyca(keys.verifying_key(str(keys.header_of(token).get("kid"))).public)
        except (jwt.InvalidTokenError, UnknownKey, UnicodeError):
            return None
