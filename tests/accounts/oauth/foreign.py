"""A provider of somebody else that says whatever a test wants it to, over real HTTP."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm


class ForeignProvider(ThreadingHTTPServer):
    """`claims` goes into the next identity token (None takes one out), `document` into the metadata; `answers` is what
    else the token endpoint says; `silent` seconds pass before each answer."""

    daemon_threads = True

    def __init__(self, key: RSAPrivateKey) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key, self.asked, self.nonce = key, list[str](), ""
        self.claims: dict[str, Any] = {
            "sub": "zoe-1",
            "name": "Zoe",
            "email": "zoe@example.com",
            "email_verified": True,
        }
        self.document: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.silent, self.status, self.signs_with = 0.0, 200, self.key
        Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def token(self) -> str:
        now = int(time.time())
        told = {"iss": self.issuer, "aud": "shop", "iat": now, "exp": now + 60, "nonce": self.nonce} | self.claims
        claims = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(claims, self.signs_with, "RS256", headers={"kid": "theirs"})


class Answers(BaseHTTPRequestHandler):
    """Three addresses: metadata, keys, tokens."""

    server: ForeignProvider

    def do_GET(self) -> None:
        at = self.server.issuer
        document = {
            "issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys", "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip
        public = RSAAlgorithm.to_jwk(self.server.key.public_key(), as_dict=True) | {"kid": "theirs"}
        self._say({"keys": [public]} if self.path == "/keys" else document | self.server.document)

    def do_POST(self) -> None:
        self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token = {"access_token": "a", "token_type": "Bearer", "id_token": self.server.token()}
        self._say({name: value for name, value in (token | self.server.answers).items() if value is not None})

    def _say(self, body: Any) -> None:
        time.sleep(self.server.silent)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None:
        """Quietly."""
