"""The floor: a bare Django view that sells one unit in two transactions of raw SQL, and nothing else.

No REST framework, no login, no idempotency key, no cart, no answer to keep: the eight statements that no shop with a
reservation and an outbox can do without. What our purchase takes beyond it is the price of its rules. The view stands
behind the shop's own middleware and database settings, as the constant does (`reads/reference.py`), and by itself, when
this module is served: without any middleware, and with the fewest settings that Django takes.

Imports nothing of the shop; `floor.sql` has its tables.

Roadmap: testing/load-and-stress-tests, databases/tcl
"""

import json
import os

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path


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


def ready(request: HttpRequest) -> HttpResponse:
    return answer({"status": "ready"}, 200)


urlpatterns = [path("bench/buy/", buy), path("healthz/ready", ready)]
if not settings.configured:
    settings.configure(
        SECRET_KEY="the floor signs nothing",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        # Connections stay open for as long as their thread lives: the cheapest way there is.
        DATABASES={"default": {**environ.Env.db_url_config(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": None}},
    )
    application = get_wsgi_application()
