"""PostgreSQL crashes while a warehouse watches: the stream says all anew, and no call meets a dead connection."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from deploy.embedded import restart_postgres
from deploy.local.stack import Stack
from deploy.local.tokens import access_tokens
from shop.grpc import stock_pb2 as messages
from tests.grpc_client import StockClient

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
SKU = "FAULT-7"


@pytest.fixture
def warehouse(shop: Stack) -> Iterator[StockClient]:
    with psycopg.connect(shop.env["DATABASE_URL"]) as books:
        [dave] = books.execute("SELECT id FROM accounts_user WHERE email = 'dave@example.com'").fetchone() or []
    [token] = access_tokens(shop.env, [dave])
    client = StockClient(shop.grpc_address, f"Bearer {token}")
    yield client
    client.channel.close()


@pytest.mark.roadmap("api/grpc-server-streaming", "performance/connection-pooling")
def test_crash_of_the_database_loses_no_watcher_and_no_call_meets_a_dead_connection(
    shop: Stack, warehouse: StockClient
) -> None:
    stream, key = warehouse.watch(SKU, timeout=60), uuid4()
    before = next(stream)
    warehouse.reserve(key, (SKU, 3))
    assert next(stream).levels[0].reserved == before.levels[0].reserved + 3

    restart_postgres(shop.directory, "immediate")
    after = [warehouse.get(SKU) for _ in range(20)]
    anew = next(stream)
    stream.cancel()

    assert anew.is_complete
    assert {figures[0][2] for figures in after} == {anew.levels[0].reserved} == {before.levels[0].reserved + 3}
    assert warehouse.release(key).state == messages.Reservation.STATE_RELEASED
