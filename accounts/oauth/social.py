"""The shop as a client of another OpenID Connect provider, on Authlib: send off, take back, believe little.

`state` and the nonce lie in the browser's own session, the PKCE verifier too; each answer counts once. The issuer must
be the configured one in the metadata, in the answer (RFC 9207) and in the identity token: three places where a mix-up
of two providers would show. Nobody waits for the provider for more than five seconds.

Refuses: a denial (Declined), an answer to nothing that this browser asked (Stale), a provider that is away (Away), and
everything that is not soundly signed, by it, for us, for this request (Untrusted).

Roadmap: auth/social-login
"""

import logging
from functools import lru_cache
from typing import Any, NoReturn

import requests
from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.django_client import OAuth
from authlib.integrations.django_client.apps import DjangoOAuth2App
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from joserfc.errors import JoseError

from accounts.oauth.identities import Foreign

PATIENCE = 5  # seconds for each of the provider's answers
LONGEST = 254
logger = logging.getLogger(__name__)


class SocialTrouble(Exception):
    """Base of what can go wrong between here and there; the text is for the person."""

    status = 400


class Declined(SocialTrouble):
    """You did not agree, so you are not logged in. Nothing else has changed."""


class Stale(SocialTrouble):
    """This answer belongs to nothing that this browser has asked for, or came twice. Begin again."""


class Untrusted(SocialTrouble):
    """What the provider answered cannot be trusted."""


class Away(SocialTrouble):
    """The provider does not answer at the moment. Try again later, or log in with your password."""

    status = 503


def label() -> str:
    """Return what the provider is called here; "" if there is none."""
    return settings.SOCIAL_LABEL if settings.SOCIAL_ISSUER and settings.SOCIAL_CLIENT_ID else ""


def send_off(request: HttpRequest, *, back: str) -> HttpResponse:
    """Redirect the browser to the provider."""
    try:
        client = _client(settings.SOCIAL_ISSUER, settings.SOCIAL_CLIENT_ID, settings.SOCIAL_CLIENT_SECRET)
        _require(client.load_server_metadata().get("issuer") == settings.SOCIAL_ISSUER, "another issuer's metadata")
        return client.authorize_redirect(request, back)
    except Exception as failure:
        _explain(failure)


def take_back(request: HttpRequest) -> Foreign:
    """Exchange what the browser brought for who the person is."""
    try:
        client = _client(settings.SOCIAL_ISSUER, settings.SOCIAL_CLIENT_ID, settings.SOCIAL_CLIENT_SECRET)
        said = request.GET.get("iss")
        promised = client.load_server_metadata().get("authorization_response_iss_parameter_supported")
        _require(said == settings.SOCIAL_ISSUER or (said is None and not promised), "another issuer's answer")
        must = {
            "iss": {"essential": True, "value": settings.SOCIAL_ISSUER},
            "aud": {"essential": True, "value": settings.SOCIAL_CLIENT_ID},
        }
        claims = client.authorize_access_token(request, claims_options=must, leeway=30).get("userinfo")
        _require(claims is not None, "no identity token")
        return _read(claims)
    except Exception as failure:
        _explain(failure)


@lru_cache(maxsize=4)
def _client(issuer: str, client_id: str, client_secret: str) -> DjangoOAuth2App:
    """Made once, since it keeps the provider's metadata and keys; a test with another provider gets another one."""
    return OAuth().register(
        "social", client_id=client_id, client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": PATIENCE},
    )  # fmt: skip


def _read(claims: Any) -> Foreign:
    """Take from the claims what we keep, if it is what it should be."""
    subject, email, name = (_text(claims.get(member)) for member in ("sub", "email", "name"))
    _require(subject, "no subject")
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    return Foreign(settings.SOCIAL_ISSUER, subject, email.lower(), claims.get("email_verified") is True, name[:150])


def _text(value: object) -> str:
    is_sound = isinstance(value, str) and len(value) <= LONGEST and value.isprintable()
    return str(value) if is_sound else ""


def _require(truth: object, otherwise: str) -> None:
    if not truth:
        raise Untrusted(otherwise)


def _explain(failure: Exception) -> NoReturn:
    """Raise the trouble that the person is told of; what it was in detail stands in the log."""
    if isinstance(failure, OAuthError) and failure.error == "access_denied":
        raise Declined from failure
    if isinstance(failure, MismatchingStateError):
        raise Stale from failure
    logger.warning("the provider %s: %s: %s", settings.SOCIAL_ISSUER, type(failure).__name__, failure)
    if isinstance(failure, requests.RequestException) and not isinstance(failure, ValueError):
        raise Away from failure
    if isinstance(failure, SocialTrouble | OAuthError | JoseError | ValueError | KeyError | TypeError | RuntimeError):
        raise Untrusted from failure
    raise failure
