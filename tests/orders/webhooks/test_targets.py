"""Whoever may name an address may not reach with it what stands inside our network."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from orders.errors import TargetRefused
from orders.webhooks import targets
from orders.webhooks.targets import MOST_READ, checked, send
from tests.orders.webhooks.receiver import Receiver, drips, pours, receiver, says

pytestmark = pytest.mark.roadmap("security/ssrf")


@pytest.fixture
def public(settings: Any) -> None:
    """As in production."""
    settings.WEBHOOKS_TO_LOOPBACK = False


def leads_to(*addresses: str) -> targets.Resolve:
    return lambda host, port: list(addresses)


INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "203.0.113.9", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
    "2001:0:7f00:1::", "::ffff:0:10.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_name_that_leads_inside_is_refused(public: None, address: str) -> None:
    with pytest.raises(TargetRefused, match="public internet"):
        checked("https://merchant.example/hook", look_up=leads_to(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_address_is_where_it_connects_to(public: None, address: str) -> None:
    assert checked("https://merchant.example/hook", look_up=leads_to(address))[1:] == (443, address)


def test_one_bad_address_among_good_ones_is_enough(public: None) -> None:
    with pytest.raises(TargetRefused):
        checked("https://merchant.example/", look_up=leads_to("8.8.8.8", "10.0.0.7"))


@pytest.mark.parametrize(
    "url",
    [
        "http://merchant.example/", "ftp://merchant.example/", "file:///etc/passwd", "gopher://merchant.example/",
        "//x/", "", "https://", "https://user:secret@merchant.example/", "https://merchant.example/#part", "https://[::1",
        "https://merchant.example:99999/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(public: None, url: str) -> None:
    with pytest.raises(TargetRefused):
        checked(url, look_up=leads_to("8.8.8.8"))


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://localhost/"]
)
def test_loopback_by_any_spelling_is_refused_by_the_real_resolver(public: None, url: str) -> None:
    with pytest.raises(TargetRefused):
        checked(url)


def test_developers_machine_reaches_itself_and_nothing_else(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True

    assert checked("http://127.0.0.1:8099/")[2] == "127.0.0.1"
    for address in ("8.8.8.8", "10.0.0.7", "169.254.169.254"):
        with pytest.raises(TargetRefused):
            checked("http://merchant.example/", look_up=leads_to(address))


def test_name_that_turns_to_another_address_after_the_check_is_not_asked_again(merchant: Receiver) -> None:
    """DNS rebinding: the second answer would be inside. Here the first is the receiver, the second is nobody."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    reply = send(f"http://rebinding.example:{merchant.port}/", b"{}", {}, look_up=lambda host, port: answers.pop(0))

    assert reply.status == 204
    assert answers == [["169.254.169.254"]], "asked once"
    assert merchant.calls[0].headers["host"] == f"rebinding.example:{merchant.port}"


def test_connection_goes_to_the_checked_address_alone(merchant: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, **how: [asked.append(to), connect(to, **how)][1])

    send(f"http://localhost:{merchant.port}/", b"{}", {}, look_up=leads_to("127.0.0.1"))

    assert asked == [("127.0.0.1", merchant.port)]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_an_answer_and_not_followed(merchant: Receiver, status: int) -> None:
    with receiver() as inside:
        merchant.answer = says(status, Location=inside.url)

        assert send(merchant.url, b"{}", {}).status == status
        assert inside.calls == []


def test_slow_answer_is_cut_off(merchant: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "DEADLINE", 0.5)
    merchant.answer, began = drips, monotonic()

    with pytest.raises(OSError):
        send(merchant.url, b"{}", {})

    assert 0.4 < monotonic() - began < 5, "every single byte came in time"


def test_endless_answer_is_read_to_a_limit(merchant: Receiver) -> None:
    merchant.answer = pours

    assert send(merchant.url, b"{}", {}).said == "x" * MOST_READ


@pytest.mark.parametrize(
    "said", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500]
)
def test_what_is_no_http_is_an_error_like_a_dead_line(merchant: Receiver, said: bytes) -> None:
    merchant.answer = lambda line: line.wfile.write(said)  # type: ignore[assignment]

    with pytest.raises(OSError):
        send(merchant.url, b"{}", {})


@pytest.fixture
def certificate(key_pair: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """For merchant.example, by an authority that this process trusts."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "merchant.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key_pair.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("merchant.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key_pair, hashes.SHA256())
    )  # fmt: skip
    key = key_pair.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "merchant.pem"
    path.write_bytes(key + made.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return str(path)


@pytest.mark.parametrize(("host", "arrives"), [("merchant.example", True), ("somebody.example", False)])
def test_certificate_must_be_of_the_name_though_the_line_goes_to_an_address(
    certificate: str, host: str, arrives: bool
) -> None:
    with receiver(certificate=certificate) as merchant:
        url = f"https://{host}:{merchant.port}/"
        if arrives:
            assert send(url, b"{}", {}, look_up=leads_to("127.0.0.1")).status == 204
        else:
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                send(url, b"{}", {}, look_up=leads_to("127.0.0.1"))
        assert len(merchant.calls) == arrives
