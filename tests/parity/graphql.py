"""How GraphQL is asked for each act, and how its answer is read.

Variables have the names of REST's arguments, in GraphQL's spelling.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphene.utils.str_converters import to_camel_case, to_snake_case

from shop.filters import ORDERINGS
from shop.schema.catalogue import Ordering
from tests.parity.rest import UNITS
from tests.parity.world import End, World, refused

#: Acts that GraphQL does not know, and why.
PACKING = "The warehouse packs over REST; the buyer sees the parcel in both."
SILENT = {
    "log in": "A login is answered with tokens, counted by address and locked after failures: that door is kept once.",
    "show shelf": "It shows what can be bought; what is promised to others, the warehouse reads over REST or gRPC.",
    **dict.fromkeys(("set aside", "give back"), UNITS),
    **dict.fromkeys(("pack", "ship", "deliver"), PACKING),
}
TOKEN = "X-Cart-Token"
PRODUCT = "sku price { amount currency } available"
LINES = "lines { id quantity product { sku } }"
ORDER = "number status total { amount currency } payment { status } lines { sku quantity lineTotal }"
REVIEW = "id author rating text"
ORDER_BY = {value: Ordering._meta.enum(value).name for value in ORDERINGS}


class Ask(NamedTuple):
    """A document, and which part of the answer is read how."""

    document: str
    read: Callable[[Any], End]


def product(said: Any) -> End:
    return {"sku": said["sku"], "available": said["available"], **money(said["price"], "price")}


def money(said: Any, name: str) -> dict[str, str]:
    return {name: said["amount"], "currency": said["currency"]}


def newest_line(said: Any) -> End:
    last = said["cart"]["lines"][-1]
    return {"line": last["id"], "sku": last["product"]["sku"], "quantity": last["quantity"]}


def cart(said: Any) -> End:
    lines = [{"sku": line["product"]["sku"], "quantity": line["quantity"]} for line in said["lines"]]
    return {"lines": lines, "total": said["total"] and said["total"]["amount"]}


def summary(said: Any) -> End:
    return {"number": said["number"], "status": said["status"], "total": said["total"]["amount"]}


def order(said: Any) -> End:
    lines = [{to_snake_case(name): value for name, value in line.items()} for line in said["lines"]]
    return {**summary(said), **money(said["total"], "total"), "payment": said["payment"]["status"], "lines": lines}


def shelf(said: Any) -> End:
    return {"slug": said["slug"], "parent": said["parent"] and said["parent"]["slug"]}


def review(said: Any) -> End:
    return {"review": said["id"], **{name: said[name] for name in ("author", "rating", "text")}}


def parcel(said: Any) -> End:
    return {to_snake_case(name): value for name, value in said.items()}


def rows(read: Callable[[Any], End]) -> Callable[[Any], End]:
    return lambda said: [read(edge["node"]) for edge in said["edges"]]


ACTS: dict[str, Ask] = {
    "browse": Ask(
        "query Browse($search: String, $category: String, $minPrice: Decimal, $maxPrice: Decimal, $inStock: Boolean, "
        "$orderBy: Ordering) { products(search: $search, category: $category, minPrice: $minPrice, "
        f"maxPrice: $maxPrice, inStock: $inStock, orderBy: $orderBy) {{ edges {{ node {{ {PRODUCT} }} }} }} }}",
        rows(product),
    ),
    "list shelves": Ask("{ categories { slug parent { slug } } }", lambda said: [shelf(one) for one in said]),
    "show product": Ask(f"query Show($slug: String!) {{ product(slug: $slug) {{ {PRODUCT} }} }}", product),
    "show cart": Ask(f"{{ cart {{ {LINES} total {{ amount }} }} }}", cart),
    "add to cart": Ask(
        "mutation Add($sku: String!, $quantity: Int) "
        f"{{ addToCart(sku: $sku, quantity: $quantity) {{ cart {{ {LINES} }} }} }}",
        newest_line,
    ),
    "change line": Ask(
        "mutation Change($line: ID!, $quantity: Int!) "
        f"{{ changeCartLine(id: $line, quantity: $quantity) {{ cart {{ {LINES} }} }} }}",
        newest_line,
    ),
    "remove line": Ask(
        "mutation Remove($line: ID!) { removeCartLine(id: $line) { cart { lines { id } } } }", lambda said: None
    ),
    "attach coupon": Ask(
        "mutation Attach($code: String!) { attachCoupon(code: $code) { cart { coupon { code problem } } } }",
        lambda said: None,
    ),
    "detach coupon": Ask("mutation { detachCoupon { cart { coupon { code } } } }", lambda said: None),
    "buy": Ask(
        "mutation Buy($key: String!, $paymentMethod: String!, $shippingAddress: AddressInput!, $ifCouponFails: String)"
        " { purchase(idempotencyKey: $key, paymentMethod: $paymentMethod, shippingAddress: $shippingAddress, "
        "ifCouponFails: $ifCouponFails) "
        f"{{ order {{ {ORDER} }} }} }}",
        lambda said: order(said["order"]),
    ),
    "list orders": Ask("{ orders { edges { node { number status total { amount } } } } }", rows(summary)),
    "show order": Ask(f"query Order($number: String!) {{ order(number: $number) {{ {ORDER} }} }}", order),
    "cancel": Ask(
        f"mutation Cancel($number: String!) {{ cancelOrder(number: $number) {{ order {{ {ORDER} }} }} }}",
        lambda said: order(said["order"]),
    ),
    "refund": Ask(
        "mutation Refund($number: String!, $key: String!, $amount: Decimal, $reason: String) { refundOrder("
        "number: $number, idempotencyKey: $key, amount: $amount, reason: $reason) "
        "{ refund { amount reason status } } }",
        lambda said: said["refund"],
    ),
    "write review": Ask(
        "mutation Write($slug: String!, $rating: Int!, $text: String) "
        f"{{ writeReview(slug: $slug, rating: $rating, text: $text) {{ review {{ {REVIEW} }} }} }}",
        lambda said: review(said["review"]),
    ),
    "read reviews": Ask(
        f"query Reviews($slug: String!) {{ product(slug: $slug) {{ reviews {{ edges {{ node {{ {REVIEW} }} }} }} }} }}",
        lambda said: rows(review)(said["reviews"]),
    ),
    "change review": Ask(
        "mutation Change($review: ID!, $rating: Int, $text: String) "
        f"{{ changeReview(id: $review, rating: $rating, text: $text) {{ review {{ {REVIEW} }} }} }}",
        lambda said: review(said["review"]),
    ),
    "withdraw review": Ask("mutation Withdraw($review: ID!) { withdrawReview(id: $review) { id } }", lambda said: None),
    "hide review": Ask(
        "mutation Hide($review: ID!) { hideReview(id: $review) { review { isHidden } } }", lambda said: None
    ),
    "see what is left": Ask("query Left($slug: String!) { product(slug: $slug) { sku available } }", dict),
    "show parcels": Ask(
        "query Parcels($number: String!) { order(number: $number) { fulfilments { status carrier trackingNumber } } }",
        lambda said: [parcel(one) for one in said["fulfilments"]],
    ),
}


def take(world: World, act: str, arguments: dict[str, Any], who: str) -> End:
    """Do it and say how it ended."""
    ask, client = ACTS[act], world.people[who]
    if "ordering" in arguments:
        arguments = {"order_by": ORDER_BY[arguments["ordering"]]}
    answer = client.post("/graphql/", {"query": ask.document, "variables": spelled(arguments)}, format="json")
    if TOKEN in answer:
        client.defaults["HTTP_X_CART_TOKEN"] = answer[TOKEN]
    said = answer.json()
    if "errors" in said:
        [error] = said["errors"]
        return in_our_words(refused(error["extensions"]))
    [found] = said["data"].values()
    return ask.read(found)


def spelled(value: Any) -> Any:
    """Spell names as GraphQL does, however deep."""
    if isinstance(value, dict):
        return {to_camel_case(name): spelled(inner) for name, inner in value.items()}
    return value


def in_our_words(problem: dict[str, Any]) -> dict[str, Any]:
    """Each protocol points at its own arguments."""
    for error in problem.get("errors", []):
        error["pointer"] = to_snake_case(error["pointer"])
    return problem
