"""Orders in any state, made the way the shop makes them: by pressing the button and letting the provider answer."""

import json

from accounts.models import User
from orders import checkout
from orders.idempotency import Answer, Request
from orders.models import Order, OutboxMessage
from orders.outbox import Consumer, perform
from tests.factories import cart_of, product
from tests.fakes import FakeGateway

ADDRESS = {"name": "Alice", "line1": "1 Lime Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}
PURCHASE = checkout.Purchase("pm_card_visa", ADDRESS)


def render(order: Order) -> Answer:
    return Answer(200, "application/json", "", json.dumps({"number": order.number, "status": order.status}))


def ordered(buyer: User, gateway: FakeGateway, *, units: int = 2, stocked: int = 5, key: str = "key-1") -> Order:
    """An order of `units` of one new product (12.80 each), as the gateway's answer leaves it."""
    cart_of(buyer, (product(stocked=stocked), units))
    request = Request(buyer.pk, key, "fingerprint")
    answer = checkout.place_order(request=request, purchase=PURCHASE, gateway=gateway, render=render)
    return fresh(Order.objects.get(number=json.loads(answer.body)["number"]))


def fresh(order: Order) -> Order:
    """The order as it stands in the database now."""
    return Order.objects.with_details().get(pk=order.pk)


def shelf(order: Order) -> tuple[int, int]:
    """On hand and reserved of the order's one product."""
    stock = fresh(order).lines.get().product.stock
    return stock.on_hand, stock.reserved


def history(order: Order) -> list[str]:
    """The order's events, oldest first."""
    return list(order.events.values_list("type", flat=True))


def perform_all(consumers: dict[str, Consumer]) -> list[str]:
    """Act on every waiting message once, oldest first; return the topics that were finished."""
    waiting = OutboxMessage.objects.waiting().order_by("created_at", "id").values_list("pk", "topic")
    return [topic for message_id, topic in list(waiting) if topic in consumers and perform(message_id, consumers)]
