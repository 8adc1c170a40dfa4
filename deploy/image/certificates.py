"""A certificate for this machine alone, with an authority of its own that a client may be told to trust.

Roadmap: deployment/tls-termination
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=365)  # browsers refuse more than 398 days
RENEW_BEFORE = timedelta(days=30)


class Issued(NamedTuple):
    """PEM texts; `chain` is the server's certificate with its authority behind it."""

    chain: str
    private_key: str
    authority: str


def issue(names: Iterable[str]) -> Issued:
    """A new authority, one certificate by it, and then the authority's key is forgotten."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    named = _name("Roadmap Shop, this machine only")
    authority = (
        _certificate(named, named, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _certificate(_name("localhost"), named, key.public_key())
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = [signed.public_bytes(serialization.Encoding.PEM).decode() for signed in (certificate, authority)]
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued("".join(pem), private.decode(), pem[1])


def ends_soon(file: Path) -> bool:
    """True where there is no certificate yet, too."""
    if not file.exists():
        return True
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) < RENEW_BEFORE


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC) - timedelta(minutes=5)  # a clock that is a little behind shall not refuse it
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now, now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
