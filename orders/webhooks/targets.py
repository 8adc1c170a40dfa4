"""The guarded client: sends to an address that somebody else wrote down, and to none inside our own network.

    name ─► resolved once ─► every address public? ─► connected to that very address ─► certificate of the name ─► POST

Between a check of a name and a second look at it, its owner may point it elsewhere (DNS rebinding): so there is no
second look. Redirects are answers like others, and not followed. However slowly somebody answers, the line is cut after
DEADLINE seconds; however much it is, MOST_READ bytes are read.

Refuses with TargetRefused: other schemes than https, credentials in the address, names that lead to an address which is
not public: loopback, private, link-local (cloud metadata), shared (CGNAT), multicast, reserved, in IPv6 also those that
carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo).

Roadmap: security/ssrf
"""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from orders.errors import TargetRefused

#: Seconds for everything together: below the outbox's lease, so that two workers never send the same at once.
DEADLINE = 10.0
MOST_READ = 4_096
#: Networks of IPv6 behind which an IPv4 address stands, perhaps one of ours.
CARRIERS = [IPv6Network(text) for text in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")]
#: Global to the letter, and metadata all the same: of Oracle's cloud, of Azure's.
METADATA = [IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32")]
Resolve = Callable[[str, int], list[str]]


class Reply(NamedTuple):
    """What a receiver answered: its status, and the beginning of what it said."""

    status: int
    said: str


def resolve(host: str, port: int) -> list[str]:
    """Ask the system; raises OSError for a name that leads nowhere."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def checked(url: str, *, look_up: Resolve = resolve) -> tuple[SplitResult, int, str]:
    """Return the parts of the address, its port and where to connect to; raise TargetRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        raise TargetRefused("A webhook goes to an https address.") from None
    inward = settings.WEBHOOKS_TO_LOOPBACK
    if parts.scheme != "https" and not inward:
        raise TargetRefused("A webhook goes to an https address.")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefused("The address of a webhook has a host, and neither a user nor a fragment.")
    try:
        addresses = look_up(parts.hostname, port)
    except (OSError, UnicodeError):
        raise TargetRefused("The host of this address is not known.") from None
    if not addresses or not all(_may_be_asked(address, inward=inward) for address in addresses):
        raise TargetRefused("This address is not on the public internet.")
    return parts, port, addresses[0]


def send(url: str, body: bytes, headers: Mapping[str, str], *, look_up: Resolve = resolve) -> Reply:
    """POST the body and return what came back. Raises TargetRefused, or OSError when nothing usable did."""
    parts, port, address = checked(url, look_up=look_up)
    line = _Pinned(parts.hostname or "", port, address, is_secure=parts.scheme == "https")
    watch = threading.Timer(DEADLINE, line.cut)
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path, body, {"Content-Type": "application/json", "User-Agent": "roadmap-shop", **headers})
        reply = line.getresponse()
        return Reply(reply.status, reply.read(MOST_READ).decode("utf-8", "replace").replace("\x00", ""))
    except OSError:
        raise
    except (HTTPException, ValueError) as nonsense:
        raise OSError(f"no HTTP: {type(nonsense).__name__}") from None
    finally:
        watch.cancel()
        line.close()


class _Pinned(HTTPConnection):
    """Connects to the address that was checked, and asks for the certificate of the name."""

    def __init__(self, host: str, port: int, address: str, *, is_secure: bool) -> None:
        super().__init__(host, port, timeout=DEADLINE)
        self.address, self.is_secure = address, is_secure
        if is_secure:
            self.default_port = 443  # then the Host header does not name it

    def connect(self) -> None:
        """Open the line; raises OSError."""
        self.sock = socket.create_connection((self.address, self.port), timeout=DEADLINE)
        if self.is_secure:
            trust = ssl.create_default_context()
            self.sock = trust.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()  # only now: `cut` must find the line that waits

    def cut(self) -> None:
        """End it from another thread: whoever reads from it, reads its end."""
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # past TLS, which would want to say goodbye
        except (OSError, TypeError):  # it has ended by itself, or was never there
            return


def _may_be_asked(text: str, *, inward: bool) -> bool:
    """A public address; on a developer's machine a loopback one, and nothing else."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if inward:
        return address.is_loopback
    if any(address in network for network in (METADATA if address.version == 4 else CARRIERS)):
        return False
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
