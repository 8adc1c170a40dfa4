"""A crowd for `docker compose --profile load run --rm locust`: nine look around for one who buys.

Runs inside of Locust's own image, which has none of our packages. It asks the web processes themselves: nginx gives one
address 50 requests a second, and a crowd out of one container has one address.

Roadmap: testing/load-and-stress-tests
"""

from random import choice
from threading import Lock
from uuid import uuid4

from locust import HttpUser, between, task

ADDRESS = {"name": "Alice", "line1": "1 Lime Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}
CREDENTIALS = {"email": "alice@example.com", "password": "alice-shows-the-shop"}
#: All buyers are alice and log in once together: the shop lets an account, and an address, try a few times a minute.
at_the_door = Lock()
proof: dict[str, str] = {}


class Buyer(HttpUser):
    """Looks at lists and at what is in them; now and then puts one thing into the cart and pays."""

    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        """Every request says what nginx would have said of it; whoever comes first logs in for all."""
        self.client.headers.update({"X-Forwarded-Proto": "https", "Host": "localhost"})
        with at_the_door:
            if not proof:
                token = self.client.post("/api/v1/auth/token/", json=CREDENTIALS).json()["access"]
                proof["Authorization"] = f"Bearer {token}"

    @task(9)
    def look(self) -> None:
        """A list, and one product of it."""
        products = self.client.get("/api/v1/products/").json()["results"]
        self.client.get(f"/api/v1/products/{choice(products)['slug']}/", name="/api/v1/products/[slug]/")

    @task(1)
    def buy(self) -> None:
        """All buyers are alice and share her cart, so a refusal is an answer: somebody else was first."""
        products = self.client.get("/api/v1/products/").json()["results"]
        line = {"sku": choice([product for product in products if product["available"]])["sku"], "quantity": 1}
        self.client.post("/api/v1/cart/lines/", json=line, headers=proof)
        body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
        headers = proof | {"Idempotency-Key": str(uuid4())}
        with self.client.post("/api/v1/orders/", json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code < 500:
                answer.success()
