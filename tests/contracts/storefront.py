"""A storefront as somebody else might write it: it looks, fills a cart and buys, and knows no more than it reads.

    shop = Storefront("http://127.0.0.1:8000", token)
    shop.look("desk") ─► shop.put(sku) ─► shop.buy(key, card)

Roadmap: testing/contract-tests
"""

from typing import Any, NamedTuple

import httpx

HOME = {"name": "Alice", "line1": "1 Lime Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}


class Offer(NamedTuple):
    """What a tile of the storefront shows."""

    sku: str
    name: str
    price: str
    available: int


class Refused(Exception):
    """The shop said no; `kind` is what a program goes by, the text is for the shopper."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind = kind
        super().__init__(words)


class Storefront:
    """One shopper's view of the shop."""

    def __init__(self, base: str, token: str) -> None:
        self.http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=15)

    def look(self, words: str) -> list[Offer]:
        found = self._ask("GET", "products/", params={"search": words, "in_stock": "true"})["results"]
        return [Offer(row["sku"], row["name"], f"{row['price']} {row['currency']}", row["available"]) for row in found]

    def put(self, sku: str) -> int:
        """Return how many units of it are in the cart now."""
        units: int = self._ask("POST", "cart/lines/", json={"sku": sku, "quantity": 1})["quantity"]
        return units

    def total(self) -> str:
        cart = self._ask("GET", "cart/")
        return f"{cart['total']} {cart['currency']}"

    def buy(self, key: str, card: str) -> tuple[str, str]:
        """Return the order's number and its status; raises Refused."""
        wanted = {"payment_method": card, "shipping_address": HOME}
        order = self._ask("POST", "orders/", json=wanted, headers={"Idempotency-Key": key})
        return order["number"], order["status"]

    def order(self, number: str) -> str:
        """Return the order's status; raises Refused."""
        return str(self._ask("GET", f"orders/{number}/")["status"])

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        answer = self.http.request(method, f"/api/v1/{path}", **sent)
        said = answer.json()
        if answer.is_error:
            raise Refused(said["type"], said["detail"])
        return said
