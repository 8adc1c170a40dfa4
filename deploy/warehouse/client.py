"""The client of the stock service: a deadline on every call, and nothing that could happen twice.

A call that found nobody (UNAVAILABLE) is made again by the library, three times, with growing pauses. That is safe: the
reservation's key is made once, before the first attempt.

Roadmap: api/grpc-proto, api/grpc-server-streaming
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.duration_pb2 import Duration

from shop.grpc import stock_pb2 as messages
from shop.grpc.stock_pb2_grpc import StockStub

PATIENCE = 5.0  # seconds for any one answer
AGAIN = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
POLICY = {"methodConfig": [{"name": [{"service": "shop.stock.v1.Stock"}], "retryPolicy": AGAIN}]}
OPTIONS = [("grpc.service_config", json.dumps(POLICY)), ("grpc.enable_http_proxy", 0)]


class Warehouse:
    """One channel, which all calls share. `authorization` is what the shop's REST API takes, too."""

    def __init__(self, address: str, authorization: str, certificate: bytes | None = None) -> None:
        """Without a certificate of the shop's the channel is plain text, for one machine alone."""
        if certificate:
            self.channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(certificate), OPTIONS)
        else:
            self.channel = grpc.insecure_channel(address, OPTIONS)
        self.stub, self.metadata = StockStub(self.channel), [("authorization", authorization)]

    def stock(self, *skus: str) -> list[messages.StockLevel]:
        """Return how much there is now."""
        request = messages.GetStockRequest(skus=skus)
        return list(self.stub.GetStock(request, timeout=PATIENCE, metadata=self.metadata).levels)

    def reserve(self, key: UUID, lines: dict[str, int], *, seconds: int) -> messages.Reservation:
        """Set units aside for so long; raises grpc.RpcError, whose details say how many are left."""
        wanted = [messages.Line(sku=sku, quantity=quantity) for sku, quantity in lines.items()]
        request = messages.ReserveStockRequest(key=str(key), lines=wanted, lasts=Duration(seconds=seconds))
        return self.stub.ReserveStock(request, timeout=PATIENCE, metadata=self.metadata)

    def release(self, key: UUID) -> messages.Reservation:
        """Give them back."""
        request = messages.ReleaseStockRequest(key=str(key))
        return self.stub.ReleaseStock(request, timeout=PATIENCE, metadata=self.metadata)

    def watch(self, *skus: str, seconds: float) -> Iterator[messages.StockChange]:
        """The present figures, then changes, for so long."""
        call: Any = self.stub.WatchStock(
            messages.WatchStockRequest(skus=skus), timeout=seconds, metadata=self.metadata, wait_for_ready=True
        )
        try:
            yield from call
        except grpc.RpcError as end:
            if end.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
        finally:
            call.cancel()
