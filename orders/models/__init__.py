"""The tables of buying, one module for each thing that is locked as a whole.

Roadmap: databases/schema-design
"""

from orders.models.cart import Cart, CartLine
from orders.models.coupon import Coupon
from orders.models.fulfilment import Fulfilment
from orders.models.imports import StockImport, StockImportRow
from orders.models.messages import OutboxMessage, WebhookEvent
from orders.models.order import IdempotencyKey, Order, OrderEvent, OrderLine
from orders.models.payment import Payment, Refund
from orders.models.webhooks import WebhookDelivery, WebhookKind, WebhookSubscription

__all__ = [
    "Cart",
    "CartLine",
    "Coupon",
    "Fulfilment",
    "IdempotencyKey",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "Refund",
    "StockImport",
    "StockImportRow",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookKind",
    "WebhookSubscription",
]
