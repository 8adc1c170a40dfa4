"""A stock service of this process on a port of its own, and clients of it."""

from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from config.grpc.server import StockServer
from tests.factories import person, token_of
from tests.grpc_client import StockClient, serving

Clients = Callable[..., StockClient]


@pytest.fixture
def dave(transactional_db: None) -> User:
    """Packs in the warehouse."""
    return person("dave", role="warehouse")


@pytest.fixture
def service(transactional_db: None) -> Iterator[StockServer]:
    with serving() as server:
        yield server


@pytest.fixture
def stock_of(service: StockServer) -> Iterator[Clients]:
    """`stock_of(dave)` calls with dave's token; `stock_of(x_request_id="…")` as nobody, with metadata."""
    made: list[StockClient] = []

    def client(user: User | None = None, **metadata: str) -> StockClient:
        shown = f"Bearer {token_of(user)}" if user else metadata.pop("authorization", "")
        made.append(StockClient(f"127.0.0.1:{service.port}", shown, **metadata))
        return made[-1]

    yield client
    for each in made:
        each.channel.close()
