"""The stock service over a real socket: figures, reservations that can be repeated, and the stream of changes."""

from collections.abc import Iterator
from uuid import uuid4

import grpc
import pytest
from django.db import connection, transaction
from google.protobuf.duration_pb2 import Duration

from accounts.models import User
from config.audit import check_books
from config.grpc.server import MOST_WATCHERS, StockServer
from shop import reservations, stock
from shop.grpc import stock as answers
from shop.models import Product, Reservation
from tests.config.conftest import Clients
from tests.factories import ProductFactory, cart_of, product
from tests.fakes import FakeGateway
from tests.grpc_client import StockClient, figures, refused
from tests.races.counter import press
from tests.races.rivals import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.roadmap("api/grpc-proto")]
SOON = 20


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(sku="DESK", stocked=5)


@pytest.fixture
def warehouse(stock_of: Clients, dave: User, desk: Product) -> StockClient:
    """Dave's system."""
    return stock_of(dave)


def test_figures_of_several_products_in_the_order_of_their_skus(warehouse: StockClient) -> None:
    ProductFactory(sku="CHAIR", is_listed=False)  # never delivered, and not for sale: it has a shelf all the same

    assert warehouse.get("DESK", "CHAIR", "DESK") == [("CHAIR", 0, 0, 0), ("DESK", 5, 0, 5)]


def test_reservation_holds_units_until_it_is_released(warehouse: StockClient) -> None:
    key = uuid4()

    held = warehouse.reserve(key, ("DESK", 2), lasts=Duration(seconds=60))
    during = warehouse.get("DESK")
    ended = [warehouse.release(key).state for _ in range(2)]

    assert (held.key, held.state, [(line.sku, line.quantity) for line in held.lines]) == (str(key), 1, [("DESK", 2)])
    assert (during, warehouse.get("DESK")) == ([("DESK", 5, 2, 3)], [("DESK", 5, 0, 5)])
    assert ended == [held.STATE_RELEASED] * 2


@pytest.mark.roadmap("api/idempotency")
def test_answer_that_got_lost_is_had_again_with_the_same_key(warehouse: StockClient, dave: User) -> None:
    key = uuid4()

    first, again = (warehouse.reserve(key, ("DESK", 2)) for _ in range(2))
    with refused() as said:
        warehouse.reserve(key, ("DESK", 1))

    assert first == again
    assert (said[0].code, said[0].reason) == ("ALREADY_EXISTS", "RESERVATION_DIFFERS")
    assert Reservation.objects.get().lines.get().quantity == 2


def test_clock_ends_a_reservation_of_a_client_that_died(warehouse: StockClient) -> None:
    held = warehouse.reserve(key := uuid4(), ("DESK", 2))

    reservations.end_due(now=held.expires_at.ToDatetime(tzinfo=Reservation.objects.get().expires_at.tzinfo))

    assert warehouse.release(key).state == held.STATE_EXPIRED
    assert warehouse.get("DESK") == [("DESK", 5, 0, 5)]


@pytest.mark.parametrize(
    ("key", "lines", "code", "reason"),
    [
        ("no-uuid", [("DESK", 1)], "INVALID_ARGUMENT", "BAD_STOCK_REQUEST"),
        ("0" * 32, [], "INVALID_ARGUMENT", "BAD_STOCK_REQUEST"),
        ("0" * 32, [("DESK", 0)], "INVALID_ARGUMENT", "BAD_RESERVATION"),
        ("0" * 32, [("SOFA", 1)], "NOT_FOUND", "UNKNOWN_PRODUCT"),
        ("0" * 32, [("DESK", 6)], "FAILED_PRECONDITION", "OUT_OF_STOCK"),
    ],
)
def test_what_cannot_be_reserved_says_why(
    warehouse: StockClient, key: str, lines: list[tuple[str, int]], code: str, reason: str
) -> None:
    with refused() as said:
        warehouse.reserve(key, *lines)

    assert (said[0].code, said[0].reason) == (code, reason)
    assert not Reservation.objects.exists()


def test_reservation_of_somebody_else_is_not_found(warehouse: StockClient, stock_of: Clients, carol: User) -> None:
    warehouse.reserve(key := uuid4(), ("DESK", 1))

    with refused() as said:
        stock_of(carol).release(key)

    assert (said[0].code, said[0].reason) == ("NOT_FOUND", "UNKNOWN_RESERVATION")


@pytest.fixture
def changes(warehouse: StockClient, service: StockServer) -> Iterator[grpc.Call]:
    """An open stream about the desk, whose first message has been read."""
    stream = warehouse.watch("DESK")
    first = next(stream)
    assert ([figures(level) for level in first.levels], first.is_complete) == ([("DESK", 5, 0, 5)], True)
    yield stream
    stream.cancel()
    until(lambda: service.lookout.watchers == 0, seconds=SOON)


@pytest.mark.roadmap("api/grpc-server-streaming")
def test_sale_is_seen_and_after_the_cancellation_the_server_lets_go(
    changes: grpc.Call, desk: Product, alice: User, gateway: FakeGateway, service: StockServer
) -> None:
    cart_of(alice, (desk, 2))
    press(alice, gateway)

    seen = [figures(next(changes).levels[0])]
    while seen[-1][1] == 5:  # reserved, and a moment later sold; a slow reader sees both at once
        seen.append(figures(next(changes).levels[0]))
    changes.cancel()

    assert seen[-1] == ("DESK", 3, 0, 3)
    assert set(seen) <= {("DESK", 5, 2, 3), ("DESK", 3, 0, 3)}
    until(lambda: service.lookout.watchers == 0, seconds=SOON)
    until(lambda: connections("shop lookout") == 0, seconds=SOON)


def connections(name: str) -> int:
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    with connection.cursor() as cursor:
        return cursor.execute(count, [name]).fetchone()[0]


@pytest.mark.roadmap("api/grpc-server-streaming", "performance/connection-pooling")
def test_open_stream_holds_no_connection_but_the_one_that_listens(changes: grpc.Call) -> None:
    until(lambda: (connections("shop"), connections("shop lookout")) == (1, 1), seconds=SOON)


@pytest.mark.roadmap("api/grpc-server-streaming")
def test_after_the_database_was_gone_the_stream_says_everything_anew(changes: grpc.Call, desk: Product) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}")

    anew = next(changes)
    with transaction.atomic():
        stock.receive(product_id=desk.pk, quantity=1, reference="test")
    change = next(changes)

    assert (figures(anew.levels[0]), anew.is_complete) == (("DESK", 5, 0, 5), True)
    assert figures(change.levels[0]) == ("DESK", 6, 0, 6)


@pytest.mark.roadmap("api/grpc-server-streaming", "architecture/service-communication")
def test_deadline_ends_the_stream_and_the_server_lets_go(warehouse: StockClient, service: StockServer) -> None:
    stream = warehouse.watch("DESK", timeout=1)

    with refused() as said:
        list(stream)

    assert said[0].code == "DEADLINE_EXCEEDED"
    until(lambda: service.lookout.watchers == 0, seconds=SOON)


def test_stream_ends_after_a_while_so_that_a_lapsed_token_does_not_watch_on(
    warehouse: StockClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "STREAM_LASTS", 0.2)

    assert len(list(warehouse.watch("DESK"))) == 1


def test_more_watchers_than_threads_are_refused_and_calls_still_answered(
    warehouse: StockClient, service: StockServer
) -> None:
    streams = [warehouse.watch("DESK") for _ in range(MOST_WATCHERS)]
    for stream in streams:
        next(stream)

    with refused() as said:
        next(warehouse.watch("DESK"))

    assert (said[0].code, said[0].reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHERS")
    assert warehouse.get("DESK")
    for stream in streams:
        stream.cancel()
    until(lambda: service.lookout.watchers == 0, seconds=SOON)


def test_books_hold_after_everything(warehouse: StockClient) -> None:
    warehouse.reserve(uuid4(), ("DESK", 2))
    warehouse.reserve(gone := uuid4(), ("DESK", 1))
    warehouse.release(gone)

    assert check_books(at_rest=False) == []
