"""What the provider says of itself: one document, for OpenID Connect Discovery and for RFC 8414.

It names what is truly accepted and nothing else, so that a client which reads it asks for nothing in vain.

Roadmap: auth/openid-connect
"""

from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts import keys
from accounts.scopes import IDENTITY, SCOPES

GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
BY_SECRET = ["client_secret_basic", "client_secret_post"]


def document() -> dict[str, Any]:
    """Return the document; every address begins with the issuer, whatever host was asked."""
    issuer = settings.SITE_URL
    endpoints = {
        "authorization_endpoint": "authorize", "token_endpoint": "token", "revocation_endpoint": "revoke-token",
        "introspection_endpoint": "introspect", "userinfo_endpoint": "user-info",
        "end_session_endpoint": "rp-initiated-logout",
    }  # fmt: skip
    return {
        "issuer": issuer,
        **{name: issuer + reverse(f"oauth2_provider:{route}") for name, route in endpoints.items()},
        "jwks_uri": issuer + reverse("jwks"),
        "scopes_supported": [*IDENTITY, *SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [keys.ALGORITHM],
        "claims_supported": ["sub", "name", "email", "email_verified"],
        "prompt_values_supported": ["login"],
        "token_endpoint_auth_methods_supported": [*BY_SECRET, "none"],
        "revocation_endpoint_auth_methods_supported": [*BY_SECRET, "none"],
        "introspection_endpoint_auth_methods_supported": BY_SECRET,
    }
