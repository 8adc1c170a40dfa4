"""Before every method stands the gate: who calls, may they, an id to trace it by, and errors of the one table."""

import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from django.db import OperationalError
from google.rpc.code_pb2 import Code
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from accounts.throttling.table import Limit
from config import access
from config.grpc.gate import address_of
from config.grpc.server import SERVICE, StockServer
from config.grpc.statuses import BY_SLUG, BY_STATUS, code_of, status_of
from config.logs.lines import Line
from config.problems import PROBLEMS, RETRY_AFTER
from shop.errors import OutOfStock, Shortage
from shop.grpc import stock_pb2 as messages
from shop.grpc.guards import opened
from shop.grpc.stock import StockAnswers
from shop.grpc.stock_pb2_grpc import StockServicer
from shop.watch import Lookout
from tests.answers import BY_SLUG as PROBLEM
from tests.config.conftest import Clients
from tests.factories import person, product
from tests.grpc_client import StockClient, refused

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "password=hunter2 at 10.0.0.7"
REQUESTS = {
    "GetStock": messages.GetStockRequest(skus=["DESK"]),
    "ReserveStock": messages.ReserveStockRequest(key="0" * 32, lines=[messages.Line(sku="DESK", quantity=1)]),
    "ReleaseStock": messages.ReleaseStockRequest(key="0" * 32),
    "WatchStock": messages.WatchStockRequest(skus=["DESK"]),
}
VERDICTS = {"UNAUTHENTICATED": "log in", "PERMISSION_DENIED": "no"}


def verdict(client: StockClient, method: str) -> str:
    """Call it for real, and return the answer in the words of the matrix."""
    call = getattr(client.stub, method)(REQUESTS[method], timeout=20, metadata=client.metadata)
    return "yes" if hasattr(call, "DESCRIPTOR") or next(call) else ""


@pytest.mark.roadmap("security/broken-access-control", "auth/authorization-middleware-and-decorators")
@pytest.mark.parametrize("who", access.WHO)
def test_matrix_is_what_is_really_answered(stock_of: Clients, who: str) -> None:
    product(sku="DESK")
    user = None if who == access.VISITOR else person("somebody", role=who)
    client, answers = stock_of(user), {}

    for method in REQUESTS:
        try:
            answers[method] = verdict(client, method)
        except grpc.RpcError as error:
            answers[method] = VERDICTS[error.code().name]

    column = access.WHO.index(who)
    assert answers == {row.what.strip("`").rpartition("/")[2]: row.answers[column] for row in access.grpc_methods()}


class Careless(StockAnswers):
    """A colleague's: one method opened, one forgotten, one broken."""

    @opened("stock:read")
    def GetStock(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise RuntimeError(SECRET)

    def ReserveStock(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise AssertionError("nobody comes here")

    @opened("stock:read")
    def WatchStock(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield messages.StockChange()
        raise OperationalError(SECRET)


@pytest.fixture
def careless(transactional_db: None) -> Iterator[StockServer]:
    server = StockServer(host="127.0.0.1", port=0, servicer=Careless(Lookout(most=1)))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(Line())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def client_of(server: StockServer, bearer: str = "", **metadata: str) -> StockClient:
    return StockClient(f"127.0.0.1:{server.port}", bearer, **metadata)


@pytest.mark.roadmap("security/broken-access-control")
def test_method_that_names_nothing_is_closed_even_to_who_may_everything(careless: StockServer, carol: User) -> None:
    client = client_of(careless, f"Api-Key {key_of(carol, 'stock:write')}")

    with refused() as said:
        client.reserve(uuid4(), ("DESK", 1))

    assert (said[0].code, said[0].reason) == ("PERMISSION_DENIED", "NOT_ALLOWED")
    forgotten = {row.what: set(row.answers) for row in access.grpc_methods(Careless)}
    assert forgotten[f"`{SERVICE.full_name}/ReserveStock`"] == {"log in", "no"}


@pytest.mark.roadmap("security/safe-error-handling")
def test_fault_of_ours_is_internal_and_the_log_has_the_rest(careless: StockServer, log: io.StringIO) -> None:
    client = client_of(careless, x_request_id="call-0123456789")

    with refused() as said:
        client.get("DESK")

    assert (said[0].code, said[0].reason) == ("INTERNAL", "INTERNAL_ERROR")
    assert said[0].metadata == {"type": "/problems/internal-error/", "request_id": "call-0123456789"}
    assert "password=[masked] at 10.0.0.7" in log.getvalue()
    assert '"request_id": "call-0123456789"' in log.getvalue()
    assert not [leak for leak in ("hunter2", "RuntimeError", ".py") if leak in str(said)]


@pytest.mark.roadmap("security/safe-error-handling")
def test_database_that_goes_away_in_mid_stream_is_unavailable_and_leaks_nothing(careless: StockServer) -> None:
    stream = client_of(careless).watch("DESK")
    next(stream)

    with refused() as said:
        next(stream)

    assert (said[0].code, said[0].retry_after) == ("UNAVAILABLE", RETRY_AFTER["database-unavailable"])
    assert "hunter2" not in str(said)


@pytest.mark.parametrize(("offered", "is_taken"), [("call-0123456789", True), ("<script>", False), ("", False)])
def test_id_of_the_call_comes_back_if_it_is_well_formed(
    stock_of: Clients, dave: User, offered: str, is_taken: bool
) -> None:
    product(sku="DESK")
    client = stock_of(dave, x_request_id=offered)

    call = client.stub.GetStock.with_call(REQUESTS["GetStock"], timeout=20, metadata=client.metadata)[1]

    returned = dict(call.initial_metadata())["x-request-id"]
    assert (returned == offered) == is_taken
    assert len(returned) >= 8


def key_of(user: User, *scopes: str, networks: tuple[str, ...] = ()) -> str:
    lasts = timedelta(days=1)
    return api_keys.make(user, name="M", scopes=scopes, networks=networks, lasts=lasts, origin=NOWHERE).key


@pytest.mark.roadmap("auth/api-keys", "auth/oauth2-scopes")
def test_key_opens_what_its_scope_names_and_nothing_else(stock_of: Clients, dave: User) -> None:
    product(sku="DESK")
    machine = stock_of(authorization=f"Api-Key {key_of(dave, 'stock:read')}")

    assert machine.get("DESK") == [("DESK", 10, 0, 10)]
    with refused() as said:
        machine.release(uuid4())
    assert (said[0].code, said[0].metadata["scope"]) == ("PERMISSION_DENIED", "stock:write")


def test_key_of_a_customer_opens_nothing(stock_of: Clients, alice: User) -> None:
    with refused() as said:
        stock_of(authorization=f"Api-Key {key_of(alice, 'stock:read')}").get("DESK")

    assert said[0].reason == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [("Bearer x.y.z", "INVALID_TOKEN"), ("Api-Key rsk_x", "INVALID_API_KEY"), ("Basic eA==", "NOT_AUTHENTICATED")],
)
def test_what_is_no_proof_is_unauthenticated(stock_of: Clients, shown: str, reason: str) -> None:
    with refused() as said:
        stock_of(authorization=shown).get("DESK")

    assert (said[0].code, said[0].reason) == ("UNAUTHENTICATED", reason)


@pytest.mark.roadmap("auth/api-keys")
def test_key_from_elsewhere_is_refused_and_one_that_asks_too_often_waits(
    stock_of: Clients, dave: User, settings: Any
) -> None:
    elsewhere = stock_of(authorization=f"Api-Key {key_of(dave, 'stock:read', networks=('192.0.2.0/24',))}")
    with refused() as said:
        elsewhere.get("DESK")
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"key": Limit(1, 600)}
    often, product_ = stock_of(authorization=f"Api-Key {key_of(dave, 'stock:read')}"), product(sku="DESK")
    with refused() as again:
        assert often.get(product_.sku)
        often.get(product_.sku)

    assert (said[0].reason, again[0].code, again[0].reason) == (
        "ADDRESS_NOT_ALLOWED", "RESOURCE_EXHAUSTED", "TOO_MANY_REQUESTS",
    )  # fmt: skip
    assert 0 < again[0].retry_after <= 600


@pytest.mark.parametrize("shown", ["", "dave"])
def test_reflection_shows_the_contract_to_staff_alone(stock_of: Clients, dave: User, shown: str) -> None:
    client = stock_of(dave if shown else None)
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])

    answers = reflection_pb2_grpc.ServerReflectionStub(client.channel).ServerReflectionInfo(
        asked, timeout=20, metadata=client.metadata
    )

    if shown:
        assert SERVICE.full_name in [each.name for each in next(answers).list_services_response.service]
    else:
        with refused() as said:
            next(answers)
        assert said[0].code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:127.0.0.1:50051", "127.0.0.1"), ("ipv6:%5B::1%5D:50051", "::1"), ("unix:/tmp/x", "")],
)
def test_address_of_the_caller(peer: str, address: str) -> None:
    assert address_of(peer) == address


@pytest.mark.roadmap("api/error-responses")
@pytest.mark.parametrize("problem", PROBLEM.values(), ids=PROBLEM)
def test_every_problem_has_a_code(problem: Any) -> None:
    code = code_of(problem)

    assert Code.Value(code) not in (Code.OK, Code.UNKNOWN)
    assert (code == "INTERNAL") == (problem.status == 500)


def test_no_code_is_kept_for_a_problem_that_is_none() -> None:
    assert set(BY_SLUG) <= set(PROBLEM)
    assert {problem.status for problem in PROBLEMS.values()} == set(BY_STATUS)


def test_refusal_with_many_lines_still_fits_into_the_headers_of_a_call() -> None:
    shortages = [Shortage(f"SKU-{number}", f"A thing {number}", 2, 1) for number in range(100)]

    status = status_of(OutOfStock(shortages), "/x/Y")

    assert status.code is grpc.StatusCode.FAILED_PRECONDITION
    assert sum(len(name) + len(value) for name, value in status.trailing_metadata) + len(status.details) < 8192


def test_contract_has_no_method_that_the_service_does_not_know() -> None:
    written = {name for name in vars(StockAnswers) if name in vars(StockServicer) and name[0] != "_"}

    assert written == {method.name for method in SERVICE.methods} == set(REQUESTS)
