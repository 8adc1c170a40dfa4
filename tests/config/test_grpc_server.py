"""The server around the stock service: TLS, limits, health, and an end in order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from grpc_health.v1 import health_pb2, health_pb2_grpc

from accounts.models import User
from accounts.trail import NO_REQUEST, request_id
from config.grpc.gate import call
from config.grpc.server import SERVICE, StockServer
from deploy.warehouse.client import Warehouse
from shop.grpc import stock_pb2 as messages
from tests.config.conftest import Clients
from tests.factories import product, token_of
from tests.grpc_client import OPTIONS, refused
from tests.races.rivals import lock, until

pytestmark = pytest.mark.django_db(transaction=True)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def certified(settings: Any, key_pair: RSAPrivateKey) -> bytes:
    """A certificate of our own for 127.0.0.1, which the server shows."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stock")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key_pair.public_key(), 1, now, now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    pem = builder.add_extension(names, critical=False).sign(key_pair, SHA256()).public_bytes(Encoding.PEM)
    settings.GRPC_CERTIFICATE = pem.decode()
    private = key_pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.GRPC_PRIVATE_KEY = private.decode()
    return pem


@pytest.fixture
def health(service: StockServer) -> Iterator[health_pb2_grpc.HealthStub]:
    with grpc.insecure_channel(f"127.0.0.1:{service.port}", options=OPTIONS) as channel:
        yield health_pb2_grpc.HealthStub(channel)


def test_with_a_certificate_it_speaks_tls_alone(certified: bytes, service: StockServer, dave: User) -> None:
    product(sku="DESK")
    address = f"127.0.0.1:{service.port}"

    inside = Warehouse(address, f"Bearer {token_of(dave)}", certified)
    with refused() as said:
        Warehouse(address, f"Bearer {token_of(dave)}").stock("DESK")

    assert inside.stock("DESK")[0].available == 10
    assert said[0].code == "UNAVAILABLE"


@pytest.mark.roadmap("security/security-misconfiguration")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "stock.example"])
def test_without_a_certificate_nobody_beyond_this_machine_is_served(host: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="GRPC_CERTIFICATE"):
        StockServer(host=host, port=0)


def test_port_of_another_process_is_not_shared(service: StockServer) -> None:
    with pytest.raises(RuntimeError, match="Failed to bind"):
        StockServer(host="127.0.0.1", port=service.port)


def test_message_that_is_too_large_is_refused_unread(stock_of: Clients, dave: User) -> None:
    with refused() as said:
        stock_of(dave).get("X" * 70_000)

    assert said[0].code == "RESOURCE_EXHAUSTED"


def test_health_is_told_to_everybody_and_unknown_services_are_not(health: health_pb2_grpc.HealthStub) -> None:
    for name in ("", SERVICE.full_name):
        assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=20).status == SERVING
    with refused() as said:
        health.Check(health_pb2.HealthCheckRequest(service="x"), timeout=20)
    assert said[0].code == "NOT_FOUND"


#: Not pg_stat_activity, which stands still for the length of a transaction.
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def waiting() -> int:
    with connection.cursor() as cursor:
        return cursor.execute(WAITING).fetchone()[0]


@pytest.mark.roadmap("api/grpc-server-streaming")
def test_end_in_order_tells_health_ends_streams_and_lets_calls_finish(
    service: StockServer, stock_of: Clients, dave: User, health: health_pb2_grpc.HealthStub
) -> None:
    desk, client = product(sku="DESK"), stock_of(dave)
    watched, stream = health.Watch(health_pb2.HealthCheckRequest(), timeout=20), client.watch("DESK")
    before = [next(watched).status, next(stream).is_complete]

    with ThreadPoolExecutor(2) as aside, transaction.atomic():
        lock(desk.stock)
        held = aside.submit(client.reserve, uuid4(), ("DESK", 1))
        until(lambda: waiting() == 1, seconds=20)
        stopped = aside.submit(service.stop)
        after = next(watched).status
        with refused() as said:
            next(stream)
        transaction.set_rollback(True)

    assert (before, after, stopped.result()) == ([SERVING, True], NOT_SERVING, None)
    assert held.result().state == messages.Reservation.STATE_HELD
    assert (said[0].code, said[0].reason, said[0].retry_after) == ("UNAVAILABLE", "NOT_WATCHING", 2)


class Late:
    """A call whose caller has stopped waiting before a thread was free for it."""

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return []

    def send_initial_metadata(self, metadata: object) -> None:
        """Nobody reads it."""

    def time_remaining(self) -> float:
        return 0

    def abort(self, code: grpc.StatusCode, words: str) -> None:
        raise TimeoutError(code.name, words)


def test_call_that_nobody_waits_for_any_more_begins_nothing() -> None:
    with pytest.raises(TimeoutError, match="DEADLINE_EXCEEDED"), call("/x/Y", None, Late()):  # type: ignore[arg-type]
        raise AssertionError("it has begun")
    assert request_id.get() == NO_REQUEST  # what the thread logs next is not of this call
