"""How gRPC is asked for each act, and how its answer is read. WatchStock is a stream and no act of a case.

Not `grpc.py`: a test run has this folder on its path, and that name belongs to the library.
"""

import json
from collections.abc import Callable
from string import Template
from typing import Any, NamedTuple

import grpc
from google.protobuf import text_format
from google.protobuf.message import Message

from config.grpc.statuses import code_of
from shop.grpc import stock_pb2 as messages
from tests.answers import BY_SLUG
from tests.grpc_client import refusal
from tests.parity.world import End, Refusal, World

SHOPPING = (
    "The stock service is for the systems of a warehouse, which know a product by its SKU; people shop over HTTP."
)
PAPERS = "An order and its parcels are read and moved on over HTTP; the stock service knows units."
OPINION = "What people say of a product is read and written over HTTP."
#: Acts that gRPC does not know, and why.
SILENT = {
    **dict.fromkeys(("browse", "list shelves", "show product", "show cart", "add to cart", "change line"), SHOPPING),
    **dict.fromkeys(("remove line", "attach coupon", "detach coupon", "buy", "log in"), SHOPPING),
    **dict.fromkeys(("list orders", "show order", "cancel", "refund"), PAPERS),
    **dict.fromkeys(("pack", "ship", "deliver", "show parcels"), PAPERS),
    **dict.fromkeys(("write review", "change review", "withdraw review", "hide review", "read reviews"), OPINION),
}


class Ask(NamedTuple):
    """A method, its request as text, and how the answer is read."""

    method: str
    kind: type[Message]
    request: str
    read: Callable[[Any], End]


def left(said: messages.GetStockResponse) -> End:
    [level] = said.levels
    return {"sku": level.sku, "available": level.available}


def shelf(said: messages.GetStockResponse) -> End:
    [level] = said.levels
    return {"on_hand": level.on_hand, "reserved": level.reserved, "available": level.available}


def reservation(said: messages.Reservation) -> End:
    [line] = said.lines
    state = messages.Reservation.State.Name(said.state).removeprefix("STATE_")
    return {"sku": line.sku, "quantity": line.quantity, "state": state}


ACTS: dict[str, Ask] = {
    "see what is left": Ask("GetStock", messages.GetStockRequest, 'skus: "$sku"', left),
    "show shelf": Ask("GetStock", messages.GetStockRequest, 'skus: "$sku"', shelf),
    "set aside": Ask(
        "ReserveStock",
        messages.ReserveStockRequest,
        'key: "$key" lines { sku: "$sku" quantity: $quantity }',
        reservation,
    ),
    "give back": Ask("ReleaseStock", messages.ReleaseStockRequest, 'key: "$key"', reservation),
}


def take(world: World, act: str, arguments: dict[str, Any], who: str) -> End:
    """Do it and say how it ended. A SKU is the slug in capitals, as in all of this world."""
    ask, client = ACTS[act], world.warehouse(who)
    words = {"sku": arguments.get("slug", "").upper()} | arguments
    request = text_format.Parse(Template(ask.request).substitute(words), ask.kind())
    try:
        return ask.read(getattr(client.stub, ask.method)(request, timeout=20, metadata=client.metadata))
    except grpc.RpcError as error:
        return refused(error)


def refused(error: grpc.RpcError) -> Refusal:
    """Return the problem in the error's details; its code must be the one that stands for the problem's status."""
    said = refusal(error)
    slug = said.metadata["type"].split("/")[2]
    assert said.code == code_of(BY_SLUG[slug])
    members = {name: told(text) for name, text in said.metadata.items() if name not in ("type", "request_id")}
    return Refusal(slug, said.words, **members)


def told(text: str) -> Any:
    """Details carry text alone; what is more comes as JSON."""
    return json.loads(text) if text[:1] in ("[", "{") else text
