"""The keys that sign tokens: made here, published as a JWK set, replaced by `manage.py rotate_signing_keys`.

    made ──5 min──► signs ───────────► next one signs ──7 days──► forgotten
       └──────── published: whoever verifies finds it by its `kid` ──┘

A new key is published before it signs, so that nobody meets a token whose key they have not seen; an old one stays
published until the last token that it signed has expired. The private half lies encrypted in the database, under a key
made from SECRET_KEY: neither a dump alone nor the variable alone can sign.

Refuses: a `kid` that is not published (UnknownKey).

Roadmap: auth/jwt-signing-algorithms, security/secrets-management
"""

import base64
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple

import jwt
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.encoding import force_bytes
from jwt.algorithms import RSAAlgorithm

from accounts.errors import UnknownKey
from accounts.models import SigningKey

ALGORITHM = "RS256"
BITS = 2048
#: How long a new key is shown before it signs: longer than anybody keeps the JWK set they have read.
LEAD = timedelta(minutes=5)
#: Seconds that a process goes by the keys it has read.
CACHE = 30
ADVISORY_LOCK = 7_163_501  # any number that nothing else in this database uses


class Key(NamedTuple):
    """One key, ready to use; `signs_until` is when the next one takes over, if there is one."""

    kid: str
    public: RSAPublicKey
    private: RSAPrivateKey
    signs_from: datetime
    signs_until: datetime | None

    def jwk(self) -> dict[str, Any]:
        """The public half as RFC 7517 wants it."""
        return {**_numbers(self.public), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


def signing_key(*, now: datetime | None = None) -> Key:
    """Return the key that signs now; the first call on an empty database makes one."""
    now = now or timezone.now()
    signing = [key for key in known() if key.signs_from <= now]
    return signing[-1] if signing else _first(now)


def verifying_key(kid: str, *, now: datetime | None = None) -> Key:
    """Return the published key of that name. One never heard of makes this process read anew, once a second at most."""
    for keys in (known, lambda: _latest(int(time.monotonic()))):
        for key in keys():
            if key.kid == kid and not _is_forgotten(key, now or timezone.now()):
                return key
    raise UnknownKey


def header_of(token: bytes | str) -> Mapping[str, Any]:
    """Return what a token's first part says of the others, before any of them is believed.

    The plain way, `jwt.get_unverified_header(token)`, reads all three parts letter by letter, twice for each request;
    the first one is the same for all tokens of a key. Raises jwt.InvalidTokenError or UnicodeError for what is none: a
    token has three parts, and other readers trip over a header that has nothing behind it.
    """
    parts = (token.encode() if isinstance(token, str) else bytes(token)).split(b".", 3)
    if len(parts) != 3:
        raise jwt.DecodeError("A token has three parts.")
    return _header(parts[0])


@lru_cache(maxsize=100)
def _header(first: bytes) -> Mapping[str, Any]:
    return MappingProxyType(jwt.get_unverified_header(first + b".."))


def published(*, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the JWK set's keys: those that sign, will sign, or have signed what may still be shown."""
    now = now or timezone.now()
    return [key.jwk() for key in known() if not _is_forgotten(key, now)] or [_first(now).jwk()]


@transaction.atomic
def rotate(*, now: datetime | None = None, lead: timedelta = LEAD) -> SigningKey:
    """Make a key that signs after `lead`, delete those that no living token needs; return the new one."""
    now = now or timezone.now()
    for key in fresh():
        if _is_forgotten(key, now):
            SigningKey.objects.filter(kid=key.kid).delete()
    return _make(signs_from=now + lead)


def known() -> tuple[Key, ...]:
    """Return all keys, the one that signs last at the end; read at most every `CACHE` seconds."""
    return _read(_moment())


def fresh() -> tuple[Key, ...]:
    """Return all keys as they stand in the database now."""
    _read.cache_clear()
    return known()


def _moment() -> int:
    return int(time.monotonic() // CACHE)


@lru_cache(maxsize=1)
def _latest(_second: int) -> tuple[Key, ...]:
    """Whoever makes up names must not make us read the table for each of them."""
    return fresh()


@lru_cache(maxsize=1)
def _read(_moment: int) -> tuple[Key, ...]:
    rows = list(SigningKey.objects.order_by("signs_from", "created_at"))
    return tuple(
        _key(row, following.signs_from if following else None) for row, following in zip_longest(rows, rows[1:])
    )


def _key(row: SigningKey, until: datetime | None) -> Key:
    pem = vault().decrypt(row.private_key.encode())
    private = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(private, RSAPrivateKey)
    return Key(row.kid, private.public_key(), private, row.signs_from, until)


def _is_forgotten(key: Key, now: datetime) -> bool:
    return key.signs_until is not None and key.signs_until + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"] < now


def _first(now: datetime) -> Key:
    """Two processes may come here at once on an empty database; the lock lets one of them make the key."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        if not fresh():
            _make(signs_from=now)
    return fresh()[0]


def _make(*, signs_from: datetime) -> SigningKey:
    private = generate_private_key(public_exponent=65537, key_size=BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = SigningKey.objects.create(
        kid=_thumbprint(private.public_key()), private_key=vault().encrypt(pem).decode(), signs_from=signs_from
    )
    _read.cache_clear()
    return made


def _numbers(public: RSAPublicKey) -> dict[str, Any]:
    """The members that RFC 7638 hashes, no more."""
    jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {name: jwk[name] for name in ("e", "kty", "n")}


def _thumbprint(public: RSAPublicKey) -> str:
    canonical = json.dumps(_numbers(public), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def vault() -> MultiFernet:
    """What seals secrets at rest. SECRET_KEY_FALLBACKS still open what they closed, so SECRET_KEY can be changed."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = (HKDF(hashes.SHA256(), 32, salt=None, info=b"signing keys").derive(force_bytes(text)) for text in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
