"""A client of the stock service for tests: calls over a real socket with somebody's token, and reads refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status

from config.grpc.server import StockServer
from shop.grpc import stock_pb2 as messages
from shop.grpc.stock_pb2_grpc import StockStub

SECONDS = 20
#: Tests shall not be told by the environment to go through a proxy.
OPTIONS = [("grpc.enable_http_proxy", 0)]


@contextmanager
def serving() -> Iterator[StockServer]:
    """A stock service of this process, on a port of its own."""
    server = StockServer(host="127.0.0.1", port=0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Refusal(NamedTuple):
    """What came instead of an answer."""

    code: str
    words: str
    reason: str
    metadata: dict[str, str]
    retry_after: int


class StockClient:
    """Everything that a warehouse asks, in plain values. `metadata` goes with each call."""

    def __init__(self, address: str, authorization: str = "", **metadata: str) -> None:
        self.channel = grpc.insecure_channel(address, options=OPTIONS)
        self.stub = StockStub(self.channel)
        shown = {"authorization": authorization} if authorization else {}
        self.metadata = [(name.replace("_", "-"), value) for name, value in (shown | metadata).items()]

    def get(self, *skus: str) -> list[tuple[str, int, int, int]]:
        answer = self.stub.GetStock(messages.GetStockRequest(skus=skus), timeout=SECONDS, metadata=self.metadata)
        return [figures(level) for level in answer.levels]

    def reserve(self, key: object, *lines: tuple[str, int], **more: Any) -> messages.Reservation:
        wanted = [messages.Line(sku=sku, quantity=quantity) for sku, quantity in lines]
        request = messages.ReserveStockRequest(key=str(key), lines=wanted, **more)
        return self.stub.ReserveStock(request, timeout=SECONDS, metadata=self.metadata)

    def release(self, key: object) -> messages.Reservation:
        request = messages.ReleaseStockRequest(key=str(key))
        return self.stub.ReleaseStock(request, timeout=SECONDS, metadata=self.metadata)

    def watch(self, *skus: str, timeout: float | None = SECONDS) -> Any:
        """The call; iterate over it, and `cancel()` it when done."""
        return self.stub.WatchStock(messages.WatchStockRequest(skus=skus), timeout=timeout, metadata=self.metadata)


def figures(level: messages.StockLevel) -> tuple[str, int, int, int]:
    return level.sku, level.on_hand, level.reserved, level.available


@contextmanager
def refused() -> Iterator[list[Refusal]]:
    """The block must be refused; the list then has what was said."""
    said: list[Refusal] = []
    try:
        yield said
    except grpc.RpcError as error:
        said.append(refusal(error))
    assert said, "it was not refused"


def refusal(error: grpc.RpcError) -> Refusal:
    status = rpc_status.from_call(error)
    info, retry = ErrorInfo(), RetryInfo()
    for detail in status.details if status else ():
        _ = detail.Unpack(info) or detail.Unpack(retry)
    return Refusal(error.code().name, error.details(), info.reason, dict(info.metadata), retry.retry_delay.seconds)
