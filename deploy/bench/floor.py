"""What a shop with a reservation and an outbox cannot do without: one unit sold in two transactions of raw SQL.

No login, no limits, no idempotency key, no cart, no answer to keep: eight statements. What our purchase takes beyond
it is the price of its rules. It runs behind the shop's own middleware and database settings, as the constant does
(`reads/`), and by itself (`bare.py`). Imports nothing of the shop; `floor.sql` has its tables.

Roadmap: testing/load-and-stress-tests, databases/tcl
"""

import json

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse


def buy(request: HttpRequest) -> HttpResponse:
    """Reserve in one transaction, sell in a second one; between them a real shop would ask its payment provider."""
    wanted = json.loads(request.body)
    product, quantity = wanted["product"], wanted["quantity"]
    order = reserve(product, quantity)
    if order is None:
        return answer({"error": "sold out"}, 409)
    sell(order, product, quantity)
    return answer({"order": order, "status": "paid"}, 201)


@transaction.atomic
def reserve(product: int, quantity: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT price FROM floor.product WHERE id = %s", [product])
        (price,) = cursor.fetchone()
        cursor.execute("INSERT INTO floor.purchase (total) VALUES (%s) RETURNING id", [price * quantity])
        (order,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO floor.line (purchase_id, product_id, quantity, price) VALUES (%s, %s, %s, %s)",
            [order, product, quantity, price],
        )
        cursor.execute(
            "UPDATE floor.stock SET reserved = reserved + %s WHERE product_id = %s AND on_hand - reserved >= %s",
            [quantity, product, quantity],
        )
        if not cursor.rowcount:
            transaction.set_rollback(True)
            return None
    return order


@transaction.atomic
def sell(order: int, product: int, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE floor.purchase SET status = 'paid' WHERE id = %s", [order])
        cursor.execute(
            "INSERT INTO floor.ledger (product_id, quantity, purchase_id) VALUES (%s, %s, %s)",
            [product, -quantity, order],
        )
        cursor.execute("INSERT INTO floor.outbox (topic, purchase_id) VALUES ('mail', %s)", [order])
        cursor.execute(
            "UPDATE floor.stock SET on_hand = on_hand - %s, reserved = reserved - %s WHERE product_id = %s",
            [quantity, quantity, product],
        )


def answer(body: dict[str, object], status: int) -> HttpResponse:
    text = json.dumps(body).encode()
    return HttpResponse(text, "application/json", status, headers={"Content-Length": str(len(text))})
