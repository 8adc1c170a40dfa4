"""Signatures by the Standard Webhooks scheme, which libraries in every language verify.

    webhook-id: msg_…     webhook-timestamp: 1767225600     webhook-signature: v1,<base64> v1,<base64>

HMAC-SHA256 over `id.timestamp.body`. While a secret is being changed there are two signatures, one with each.

Roadmap: security/ssrf
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

BRAND = "whsec_"


def new_secret() -> str:
    """Return 32 random bytes as receivers' libraries read them."""
    return BRAND + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(message_id: str, timestamp: int, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """Return the three headers that say who sent the body, and when."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_sign(message_id, timestamp, body, key)}" for key in keys),
    }


def _sign(message_id: str, timestamp: int, body: bytes, key: str) -> str:
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return base64.b64encode(hmac.digest(base64.b64decode(key.removeprefix(BRAND)), signed, sha256)).decode()
