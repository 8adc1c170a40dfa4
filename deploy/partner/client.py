"""A program that logs people in by the shop and acts for them, on Authlib: the authorization code flow, step by step.

    send_off ─► the person logs in at the shop and agrees ─► take_back ─► orders, buy

`state` ties the answer to the browser, the PKCE verifier ties the code to this program, `nonce` ties the identity token
to this very request, and `iss` says which server has answered (RFC 9207).

Refuses: metadata of another issuer, an answer that nobody asked for or that another server gave (Distrust), a denial
(Authlib's OAuthError), an identity token that is not for us, of another request, or signed by nobody we know.

Roadmap: auth/oauth2-basics, auth/openid-connect
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

PATIENCE = 5  # seconds for any one answer


class Distrust(Exception):
    """The answer is not the one to our question."""


class Partner:
    """One person's visit to the program: what it has asked and what it was given."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, back: str) -> None:
        """Read what the server says of itself."""
        self.http = OAuth2Session(
            client_id, client_secret, redirect_uri=back, code_challenge_method="S256", default_timeout=PATIENCE
        )
        self.http.trust_env = False
        self.issuer = issuer
        self.server = self._read(f"{issuer}/.well-known/openid-configuration")
        if self.server["issuer"] != issuer:
            raise Distrust(f"{issuer} says that it is {self.server['issuer']}.")

    def send_off(self, scope: str) -> str:
        """Return the address that the browser must go to."""
        self.nonce, self.verifier = generate_token(24), generate_token(48)
        address, self.state = self.http.create_authorization_url(
            self.server["authorization_endpoint"], scope=scope, nonce=self.nonce, code_verifier=self.verifier
        )
        return str(address)

    def take_back(self, address: str) -> dict[str, Any]:
        """Take the browser's answer, exchange the code, and return who the person is."""
        answer = dict(parse_qsl(urlsplit(address).query))
        if answer.get("state") != self.state or answer.get("iss") != self.issuer:
            raise Distrust("This is no answer to what we asked.")
        if "error" in answer:
            raise OAuthError(answer["error"], answer.get("error_description"))
        self.state = ""  # an answer counts once
        token = self.http.fetch_token(
            self.server["token_endpoint"], code=answer["code"], code_verifier=self.verifier,
            grant_type="authorization_code",
        )  # fmt: skip
        return self._identity(token)

    def orders(self) -> Any:
        """Return the person's orders, newest first."""
        return self._ask("GET", "orders/").json()["results"]

    def buy(self, sku: str, address: dict[str, str]) -> Any:
        """Put one into the person's cart, press the button, return the order."""
        self._ask("POST", "cart/lines/", json={"sku": sku})
        body = {"payment_method": "pm_card_visa", "shipping_address": address}
        return self._ask("POST", "orders/", json=body, headers={"Idempotency-Key": str(uuid4())}).json()

    def give_back(self) -> None:
        """Tell the shop that we are done: our tokens open nothing from now on."""
        self.http.revoke_token(self.server["revocation_endpoint"], self.http.token["refresh_token"])

    def _identity(self, token: dict[str, Any]) -> dict[str, Any]:
        keys = KeySet.import_key_set(self._read(self.server["jwks_uri"]))
        read = jwt.decode(token["id_token"], keys, algorithms=self.server["id_token_signing_alg_values_supported"])
        ours = {"nonce": self.nonce, "client_id": self.http.client_id, "access_token": token["access_token"]}
        must = {"iss": {"essential": True, "value": self.issuer}, "aud": {"value": self.http.client_id}}
        claims = CodeIDToken(read.claims, read.header, must, ours)
        claims.validate(leeway=30)
        return dict(claims)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.http.request(method, f"{self.issuer}/api/v1/{path}", **more)
        answer.raise_for_status()
        return answer

    def _read(self, address: str) -> Any:
        answer = self.http.request("GET", address, withhold_token=True)
        answer.raise_for_status()
        return answer.json()
