"""A service of somebody else that lets in who shows a token of the shop: a resource server.

It never asks the shop about a token. It reads the shop's public keys, keeps them for five minutes, and goes on with
those it has while the shop is away. A key that it does not know makes it read anew, every ten seconds at most, so that
made-up names cannot make it hammer the shop.

Refuses: what is not signed by the shop, for this audience, of this type (RFC 9068), now, with the scope (Closed).

Roadmap: auth/resource-server
"""

import time
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

KEEP, AT_MOST_EVERY, PATIENCE = 300, 10, 5  # seconds
CHECK_HEADER = JWSRegistry(algorithms=["RS256"], strict_check_header=False)


class Closed(Exception):
    """This token opens nothing here."""


class Depot:
    """The gate of the service."""

    def __init__(self, issuer: str, audience: str) -> None:
        """`audience` is what a token must be for: here, as in a house with several services, the shop's API."""
        self.keys_at = f"{issuer}/.well-known/jwks.json"
        self.claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience},
            exp={"essential": True}, sub={"essential": True}, client_id={"essential": True},
        )  # fmt: skip
        self.keys, self.read_at, self.fetches = KeySet([]), float("-inf"), 0

    def let_in(self, token: str, scope: str, *, now: float | None = None) -> dict[str, Any]:
        """Return the claims of a token that may do this; raises Closed."""
        now = time.monotonic() if now is None else now
        if now - self.read_at > KEEP:
            self._read_keys(now)
        try:
            shown = self._verified(token, now)
            self.claims.validate(shown.claims)
        except (JoseError, ValueError) as fault:
            raise Closed("Not a sound token of the shop.") from fault
        if str(shown.header.get("typ", "")).lower() != "at+jwt":
            raise Closed("Not an access token.")
        if scope not in str(shown.claims.get("scope", "")).split():
            raise Closed(f"Not with the scope {scope}.")
        return dict(shown.claims)

    def _verified(self, token: str, now: float) -> jwt.Token:
        try:
            return jwt.decode(token, self.keys, registry=CHECK_HEADER)
        except (JoseError, ValueError):
            if now - self.read_at <= AT_MOST_EVERY:
                raise
            self._read_keys(now)
            return jwt.decode(token, self.keys, registry=CHECK_HEADER)

    def _read_keys(self, now: float) -> None:
        """The shop may be away; then those that we have are as good as they were."""
        self.read_at, self.fetches = now, self.fetches + 1
        try:
            self.keys = KeySet.import_key_set(requests.get(self.keys_at, timeout=PATIENCE).json())
        except requests.RequestException:
            return
