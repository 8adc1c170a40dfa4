"""Buyers with filled carts and fresh tokens, made in bulk before the clock starts.

Every press empties a cart, so each buyer presses once a round; between rounds all carts are filled anew.

Roadmap: testing/load-and-stress-tests
"""

import json
from uuid import uuid4

import psycopg

from deploy.bench.load import post
from deploy.demo.shopper import ADDRESS
from deploy.local.stack import Stack
from deploy.local.tokens import access_tokens

PRODUCTS = 1_000
ADMIT = """
WITH admitted AS (
    INSERT INTO accounts_user (email, name, password, is_staff, is_superuser, is_active)
    SELECT 'presser-' || number || '@example.com', 'Presser ' || number, '!', false, false, true
    FROM generate_series(1, %s) AS number RETURNING id
), carts AS (
    INSERT INTO orders_cart (id, user_id) SELECT gen_random_uuid(), id FROM admitted
)
SELECT min(id), max(id) FROM admitted
"""
RESTOCK = """
WITH stocked AS (
    UPDATE shop_stock SET on_hand = on_hand + 1000000 RETURNING product_id
)
INSERT INTO shop_stockentry (product_id, kind, quantity, reference)
SELECT product_id, 'received', 1000000, 'bench' FROM stocked
"""
FILL = """
WITH shelf AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM shop_product JOIN shop_stock ON product_id = id WHERE is_listed ORDER BY id LIMIT %(products)s
), wish AS (
    SELECT id AS cart_id, 1 + floor(random() * %(products)s)::int AS place FROM orders_cart WHERE user_id >= %(first)s
)
INSERT INTO orders_cartline (id, cart_id, product_id, quantity, added_at)
SELECT gen_random_uuid(), wish.cart_id, shelf.id, 1, now() FROM wish JOIN shelf USING (place)
"""


class Crowd:
    """As many buyers as one round can use up."""

    def __init__(self, shop: Stack, buyers: int) -> None:
        self.connection = psycopg.connect(shop.servers.database_url, autocommit=True)
        self.connection.execute(RESTOCK)
        self.first, last = self.connection.execute(ADMIT, [buyers]).fetchone() or (0, 0)
        self.connection.execute("VACUUM ANALYZE")
        self.tokens = access_tokens(shop.env, range(self.first, last + 1))

    def presses(self, *, products: int) -> list[bytes]:
        """Fill every cart with one unit of one of so many products, and return the request that buys it."""
        self.connection.execute("TRUNCATE orders_cartline")
        self.connection.execute(FILL, {"products": products, "first": self.first})
        self.connection.execute("ANALYZE orders_cartline")
        body = json.dumps({"payment_method": "pm_card_visa", "shipping_address": ADDRESS}).encode()
        return [
            post("/api/v1/orders/", body, [f"Authorization: Bearer {token}", f"Idempotency-Key: {uuid4()}"])
            for token in self.tokens
        ]
