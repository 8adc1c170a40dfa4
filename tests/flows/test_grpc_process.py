"""The stock service as a process of its own, in the running shop: found by its health, and ended in order."""

import signal
from collections.abc import Iterator

import psycopg
import pytest

from deploy.local.readiness import serves
from deploy.local.stack import Stack
from deploy.local.tokens import access_tokens
from deploy.warehouse.__main__ import main
from tests.grpc_client import StockClient, refused

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180)]


@pytest.fixture
def second(shop_stack: Stack) -> Iterator[str]:
    """A second process beside the first; its address."""
    shop_stack.start("grpc.2")
    process = shop_stack["grpc.2"]
    yield f"127.0.0.1:{process.environment['GRPC_PORT']}"
    process.kill()
    del shop_stack.processes["grpc.2"]


@pytest.mark.roadmap("api/grpc-proto", "api/grpc-server-streaming")
def test_warehouse_sees_its_own_reservation_come_and_go(shop_stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    main(shop_stack.url, shop_stack.grpc_address, "LDR-BEE-003")

    now, reserved, again, released, refusal = capsys.readouterr().out.splitlines()
    assert now.removeprefix("now").split() == released.removeprefix("released").split()[:-1]
    assert ": 2 of " in reserved
    assert again.endswith("the same reservation")
    assert "FAILED_PRECONDITION - Only " in refusal


@pytest.mark.roadmap("api/grpc-server-streaming")
def test_sigterm_ends_streams_with_a_word_and_the_process_with_zero(shop_stack: Stack, second: str) -> None:
    with psycopg.connect(shop_stack.env["DATABASE_URL"]) as books:
        [dave] = books.execute("SELECT id FROM accounts_user WHERE email = 'dave@example.com'").fetchone() or []
    [token] = access_tokens(shop_stack.env, [dave])
    stream = StockClient(second, f"Bearer {token}").watch("LDR-BEE-003")
    next(stream)

    shop_stack["grpc.2"].signal(signal.SIGTERM)
    with refused() as said:
        next(stream)
    shop_stack["grpc.2"].wait(20)

    assert (said[0].code, said[0].reason) == ("UNAVAILABLE", "NOT_WATCHING")
    assert shop_stack["grpc.2"].exit_code == 0
    assert not serves(second)
    assert serves(shop_stack.grpc_address)
