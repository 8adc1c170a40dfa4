"""Somebody who shops over HTTP, as any client would: logs in, fills a cart, presses the button, looks at the order.

Used by the demo and by every test that buys over HTTP.

Roadmap: foundations/http-clients
"""

from time import time
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.code import STAFF, code

ADDRESS = {"name": "Alice", "line1": "1 Lime Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}


class Shopper:
    """One person with one connection pool. Every method returns the raw response, refusals included."""

    def __init__(self, url: str, email: str = "", password: str = "", *, timeout: float = 30.0) -> None:
        """Log in when an address is given, else be a guest. The cast's passwords follow from their names."""
        self.http = httpx.Client(base_url=f"{url}/api/v1", timeout=timeout, trust_env=False, verify=False)
        if email:
            self.log_in(email, password or f"{email.partition('@')[0]}-shows-the-shop")

    def log_in(self, email: str, password: str) -> httpx.Response:
        """Exchange the credentials for a token and use it from now on; a guest's cart comes along.

        Staff show a code as well. One that somebody else has shown in this half minute is not good again, so the one
        before it is tried, then it, then the next.
        """
        credentials = {"email": email, "password": password}
        answer = self.http.post("/auth/token/", json=credentials)
        for steps in (-1, 0, 1):
            if answer.is_success or email.partition("@")[0] not in STAFF:
                break
            shown = {"code": code(email.partition("@")[0], now=time(), steps=steps)}
            answer = self.http.post("/auth/token/", json=credentials | shown)
        if answer.is_success:
            self.http.headers["Authorization"] = f"Bearer {answer.json()['access']}"
            self.http.headers.pop("X-Cart-Token", None)
        return answer

    def product(self, slug: str) -> Any:
        """Return one product as the catalogue shows it."""
        return self.http.get(f"/products/{slug}/").raise_for_status().json()

    def fill(self, sku: str, quantity: int = 1) -> httpx.Response:
        """Put units into the cart; a guest keeps the token that comes with the answer."""
        answer = self.http.post("/cart/lines/", json={"sku": sku, "quantity": quantity})
        if token := answer.headers.get("X-Cart-Token"):
            self.http.headers["X-Cart-Token"] = token
        return answer

    def buy(self, key: str | None = None, *, method: str = "pm_card_visa", address: Any = None) -> httpx.Response:
        """Press the button, with a new idempotency key unless one is given."""
        body = {"payment_method": method, "shipping_address": address or ADDRESS}
        return self.http.post("/orders/", json=body, headers={"Idempotency-Key": key or str(uuid4())})

    def order(self, number: str) -> httpx.Response:
        """Look at one order."""
        return self.http.get(f"/orders/{number}/")

    def cancel(self, number: str) -> httpx.Response:
        """Call an order off."""
        return self.http.post(f"/orders/{number}/cancellation/")

    def refund(self, number: str, amount: str | None = None, *, key: str | None = None) -> httpx.Response:
        """Give money back (staff), all that is left unless an amount is given."""
        body = {"reason": "Asked for"} | ({"amount": amount} if amount else {})
        return self.http.post(f"/orders/{number}/refunds/", json=body, headers={"Idempotency-Key": key or str(uuid4())})

    def close(self) -> None:
        """Let the connections go."""
        self.http.close()
