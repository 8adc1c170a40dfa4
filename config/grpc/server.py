"""The server of the stock service: services, limits, TLS, and an end in order.

    SIGTERM ─► health says NOT_SERVING ─► streams end (UNAVAILABLE: call again) ─► running calls finish ─► exit

Every call has a thread, so there is a bound to both: what comes beyond is refused at once instead of waiting unseen.

Roadmap: api/grpc-server-libraries, deployment/application-server
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import grpc
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from config.grpc.gate import Gate
from shop.grpc.guards import Opening, opening_of
from shop.grpc.stock import READS, StockAnswers
from shop.grpc.stock_pb2 import DESCRIPTOR
from shop.grpc.stock_pb2_grpc import StockServicer, add_StockServicer_to_server
from shop.watch import Lookout

SERVICE = DESCRIPTOR.services_by_name["Stock"]
REFLECTION = f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"
THREADS = 32
#: A stream keeps its thread: enough are left for calls that want an answer now.
MOST_WATCHERS = 24
#: Seconds that running calls have to finish after SIGTERM.
GRACE = 10
OPTIONS = {
    "grpc.max_receive_message_length": 64 * 1024,  # a hundred lines have eight thousand bytes
    "grpc.max_send_message_length": 256 * 1024,
    "grpc.max_concurrent_streams": THREADS,  # of one client's connection
    # Who pings more often than twice a minute is sent away; a peer that is gone is noticed after 70 seconds.
    "grpc.http2.min_recv_ping_interval_without_data_ms": 30_000,
    "grpc.http2.max_ping_strikes": 2,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_connection_idle_ms": 900_000,
    "grpc.so_reuseport": 0,  # a second process on this port shall fail, not take half of the calls
}


class StockServer:
    """Made, started, and ended in order. `port` is where it listens."""

    def __init__(self, *, host: str, port: int, servicer: StockServicer | None = None) -> None:
        """Bind the port; raises ImproperlyConfigured, or RuntimeError when the port is taken."""
        self.lookout = Lookout(most=MOST_WATCHERS)
        servicer = servicer or StockAnswers(self.lookout)
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="call"),
            interceptors=[Gate(dict(openings(servicer)))],
            options=list(OPTIONS.items()),
            maximum_concurrent_rpcs=THREADS,
        )
        self._health = health.HealthServicer()
        add_StockServicer_to_server(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.port = self._bind(host, port)

    def start(self) -> None:
        """Serve; returns at once."""
        self._server.start()
        for name in ("", SERVICE.full_name):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def stop(self) -> None:
        """Finish what runs, refuse what comes, and return when the last connection is closed."""
        self._health.enter_graceful_shutdown()
        self.lookout.close()
        self._server.stop(GRACE).wait()

    def _bind(self, host: str, port: int) -> int:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if credentials := tls(host):
            return self._server.add_secure_port(address, credentials)
        return self._server.add_insecure_port(address)


def openings(servicer: StockServicer) -> Iterable[tuple[str, Opening]]:
    """Every method that is open to somebody, with what it asks. Reflection shows the contract, and to staff alone."""
    yield REFLECTION, Opening("stock:read", (READS,))
    for method in SERVICE.methods:
        if opening := opening_of(servicer, method.name):
            yield f"/{SERVICE.full_name}/{method.name}", opening


def tls(host: str) -> grpc.ServerCredentials | None:
    """Return the certificate to show; None, plain text, where nobody but this machine can listen in."""
    if settings.GRPC_CERTIFICATE and settings.GRPC_PRIVATE_KEY:
        pair = settings.GRPC_PRIVATE_KEY.encode(), settings.GRPC_CERTIFICATE.encode()
        return grpc.ssl_server_credentials([pair])
    if not _is_loopback(host):
        raise ImproperlyConfigured(f"GRPC_HOST {host} needs GRPC_CERTIFICATE and GRPC_PRIVATE_KEY: tokens travel here.")
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
