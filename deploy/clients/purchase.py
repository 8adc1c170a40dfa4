"""A purchase by the Python client: `PYTHONPATH=var/clients/python python -m deploy.clients.purchase http://127.0.0.1:8000`.

Line by line the same as `purchase.ts`.

Roadmap: api/openapi-documentation
"""

import sys
from typing import Any, TypeVar
from uuid import uuid4

from shop_client import AuthenticatedClient, Client
from shop_client.api.auth import log_in
from shop_client.api.cart import add_to_cart
from shop_client.api.catalogue import list_products
from shop_client.api.orders import cancel_order, list_orders, place_order, show_order
from shop_client.models import (
    AddLineRequest,
    AddressRequest,
    ListProductsInStock,
    ListProductsOrdering,
    LogInRequest,
    PlaceOrderRequest,
    Problem,
)

Answer = TypeVar("Answer")
ADDRESS = AddressRequest(name="Ada", line1="1 Lime Street", city="Hamburg", postal_code="20095", country="DE")
LOGIN = LogInRequest(email="buyer-07@example.com", password="crowd-shows-the-shop")


def good(answer: Answer | Problem | None) -> Answer:
    """Return the answer, or raise the sentence of the problem."""
    if answer is None or isinstance(answer, Problem):
        raise RuntimeError(answer and answer.detail)
    return answer


def buy(shop: AuthenticatedClient, key: str, card: str) -> Any:
    """Press the button."""
    body = PlaceOrderRequest(payment_method=card, shipping_address=ADDRESS)
    return place_order.sync_detailed(client=shop, body=body, idempotency_key=key)


def main(url: str) -> None:
    """Buy the cheapest thing and call it off."""
    tokens = good(log_in.sync(client=Client(url), body=LOGIN))
    shop = AuthenticatedClient(url, token=tokens.access)

    cheapest = {"ordering": ListProductsOrdering.PRICE, "in_stock": ListProductsInStock.TRUE, "min_price": 5}
    [product] = good(list_products.sync(client=shop, page_size=1, **cheapest)).results
    print(f"the cheapest thing: {product.name}, {product.price} {product.currency}")

    line = good(add_to_cart.sync(client=shop, body=AddLineRequest(sku=product.sku, quantity=1)))
    print(f"in the cart: {line.quantity} {line.name}")

    declined = buy(shop, str(uuid4()), "pm_card_chargeDeclined")
    print(f"by a bad card: {declined.status_code:d} {declined.parsed.detail}")

    key = str(uuid4())
    paid = buy(shop, key, "pm_card_visa")
    order = good(paid.parsed)
    print(f"by a good card: {paid.status_code:d} {order.status} {order.total} {order.currency}")
    again = good(buy(shop, key, "pm_card_visa").parsed)
    print(f"pressed again: the same order: {str(again.number == order.number).lower()}")

    [newest, *_] = good(list_orders.sync(client=shop)).results
    print(f"the newest of the orders is that one: {str(newest.number == order.number).lower()}")

    cancelled = cancel_order.sync_detailed(order.number, client=shop)
    print(f"called off: {cancelled.status_code:d} {good(cancelled.parsed).status}")
    unknown = show_order.sync_detailed("0000-0000-0000", client=shop)
    print(f"an order of nobody: {unknown.status_code:d} {unknown.parsed.title}")


if __name__ == "__main__":
    main(sys.argv[1])
