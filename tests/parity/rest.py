"""How REST is asked for each act, and how its answer is read."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.parity.world import End, World, refused

#: Acts that REST does not know, and why.
UNITS = "Units are set aside by the systems of a warehouse, over gRPC; a shopper's are set aside by buying."
SILENT = {"set aside": UNITS, "give back": UNITS}
TOKEN = "X-Cart-Token"


class Ask(NamedTuple):
    """A request; what is neither in the path nor a header goes into the query of a GET, or into the body."""

    method: str
    path: str
    read: Callable[[Any], End]


def product(said: Any) -> End:
    return {name: said[name] for name in ("sku", "price", "currency", "available")}


def line(said: Any) -> End:
    return {"line": said["id"], "sku": said["sku"], "quantity": said["quantity"]}


def cart(said: Any) -> End:
    lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in said["lines"]]
    return {"lines": lines, "total": said["total"] if lines else None}


def summary(said: Any) -> End:
    return {"number": said["number"], "status": said["status"].upper(), "total": said["total"]}


def order(said: Any) -> End:
    lines = [{name: line[name] for name in ("sku", "quantity", "line_total")} for line in said["lines"]]
    return {
        **summary(said), "currency": said["currency"], "payment": said["payment"]["status"].upper(), "lines": lines,
    }  # fmt: skip


def refund(said: Any) -> End:
    return {"amount": said["amount"], "reason": said["reason"], "status": said["status"].upper()}


def shelf(said: Any) -> End:
    return {"slug": said["slug"], "parent": said["parent"]}


def review(said: Any) -> End:
    return {"review": said["id"], **{name: said[name] for name in ("author", "rating", "text")}}


def parcel(said: Any) -> End:
    """What the warehouse goes on with and a reader sees."""
    return {"parcel": said["id"], **shown(said)}


def shown(said: Any) -> End:
    return {
        "status": said["status"].upper(), "carrier": said["carrier"], "tracking_number": said["tracking_number"]
    }  # fmt: skip


ACTS: dict[str, Ask] = {
    "browse": Ask("GET", "products/", lambda said: [product(one) for one in said["results"]]),
    "list shelves": Ask("GET", "categories/", lambda said: [shelf(one) for one in said]),
    "show product": Ask("GET", "products/{slug}/", product),
    "show cart": Ask("GET", "cart/", cart),
    "add to cart": Ask("POST", "cart/lines/", line),
    "change line": Ask("PATCH", "cart/lines/{line}/", line),
    "remove line": Ask("DELETE", "cart/lines/{line}/", lambda said: None),
    "attach coupon": Ask("PUT", "cart/coupon/", lambda said: None),
    "detach coupon": Ask("DELETE", "cart/coupon/", lambda said: None),
    "buy": Ask("POST", "orders/", order),
    "list orders": Ask("GET", "orders/", lambda said: [summary(one) for one in said["results"]]),
    "show order": Ask("GET", "orders/{number}/", order),
    "cancel": Ask("POST", "orders/{number}/cancellation/", order),
    "refund": Ask("POST", "orders/{number}/refunds/", refund),
    "write review": Ask("POST", "products/{slug}/reviews/", review),
    "read reviews": Ask("GET", "products/{slug}/reviews/", lambda said: [review(one) for one in said["results"]]),
    "change review": Ask("PATCH", "products/{slug}/reviews/{review}/", review),
    "withdraw review": Ask("DELETE", "products/{slug}/reviews/{review}/", lambda said: None),
    "hide review": Ask("PUT", "products/{slug}/reviews/{review}/hiding/", lambda said: None),
    "see what is left": Ask("GET", "products/{slug}/", lambda said: {n: said[n] for n in ("sku", "available")}),
    "show shelf": Ask("GET", "products/{slug}/stock/", lambda said: said),
    "pack": Ask("POST", "orders/{number}/fulfilments/", parcel),
    "ship": Ask("POST", "orders/{number}/fulfilments/{parcel}/shipment/", parcel),
    "deliver": Ask("POST", "orders/{number}/fulfilments/{parcel}/delivery/", parcel),
    "show parcels": Ask("GET", "orders/{number}/fulfilments/", lambda said: [shown(one) for one in said["results"]]),
    "log in": Ask("POST", "auth/token/", lambda said: said["access"] and "logged in"),
}


def take(world: World, act: str, arguments: dict[str, Any], who: str) -> End:
    """Do it and say how it ended."""
    ask, client = ACTS[act], world.people[who]
    key = {"HTTP_IDEMPOTENCY_KEY": arguments["key"]} if "key" in arguments else {}
    rest = {name: value for name, value in arguments.items() if f"{{{name}}}" not in ask.path and name != "key"}
    query = {name: "true" if value is True else value for name, value in rest.items()}
    send = getattr(client, ask.method.lower())
    sent = {"data": query} if ask.method == "GET" else {"data": rest, "format": "json"}
    answer = send(f"/api/v1/{ask.path.format(**arguments)}", **sent, **key)
    if TOKEN in answer:
        client.defaults["HTTP_X_CART_TOKEN"] = answer[TOKEN]
    return refused(answer.json()) if answer.status_code >= 400 else ask.read(answer.json() if answer.content else None)
