"""`python -m deploy.warehouse SHOP ADDRESS SKU`: dave's system sets two units aside while it watches the shelf.

Roadmap: api/grpc-server-streaming
"""

import sys
from contextlib import closing
from uuid import uuid4

import grpc

from deploy.demo.shopper import Shopper
from deploy.warehouse.client import Warehouse
from shop.grpc.stock_pb2 import Reservation, StockChange


def main(shop: str, address: str, sku: str) -> None:
    with closing(Shopper(shop, "dave@example.com").http) as logged_in:
        warehouse, key = Warehouse(address, logged_in.headers["Authorization"]), uuid4()
    changes = warehouse.watch(sku, seconds=30)
    print("now     ", told(next(changes)))
    held = [warehouse.reserve(key, {sku: 2}, seconds=60) for _ in range(2)]
    print("reserved", told(next(changes)))
    print("again   ", "the same reservation" if held[0] == held[1] else "another one")
    state = warehouse.release(key).state
    print("released", told(next(changes)), Reservation.State.Name(state))
    changes.close()  # type: ignore[attr-defined] # it is a generator
    try:
        warehouse.reserve(uuid4(), {sku: 1_000_000}, seconds=60)
    except grpc.RpcError as refusal:
        print("refused ", refusal.code().name, "-", refusal.details())


def told(change: StockChange) -> str:
    return ", ".join(f"{level.sku}: {level.reserved} of {level.on_hand} reserved" for level in change.levels)


if __name__ == "__main__":
    main(*sys.argv[1:])
