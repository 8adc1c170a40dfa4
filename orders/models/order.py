"""An order with its lines and its history, and the idempotency key that it was placed with.

Everything that was true at the press of the button is copied into the order: SKU, name, price, address. A product may
change its price tomorrow; the order does not.

Roadmap: databases/normalization, databases/denormalization, databases/keys
"""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.functional import cached_property

from orders.models.coupon import Coupon
from orders.states import ORDER_MOVES, OrderStatus, require_move
from shop.models import Product
from shop.stock import Line

if TYPE_CHECKING:
    from accounts.models import User
    from orders.models.fulfilment import Fulfilment

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class IdempotencyKey(models.Model):
    """A key that a buyer sent with a request that must happen once, and the answer it got. Kept for 24 hours."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body of the request.")
    created_at = models.DateTimeField(db_default=Now())
    locked_until = models.DateTimeField(help_text="Until then the first request may still be running.")
    answer = models.JSONField(null=True, blank=True, help_text="What the first request was answered, byte for byte.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_per_key")]
        indexes = [models.Index(fields=["created_at"], name="key_by_age")]  # the hourly clean-up walks it

    def __str__(self) -> str:
        return self.key


class TaxRow(NamedTuple):
    """The tax of one rate, as it was worked out when the order was placed."""

    rate: str
    gross: Decimal
    amount: Decimal
    currency: str


class OrderQuerySet(models.QuerySet["Order"]):
    """The reads that every protocol shares."""

    def visible_to(self, user: "User") -> "OrderQuerySet":
        """Who looks after orders sees all of them, everybody else their own; somebody else's does not exist."""
        return self if user.is_staff and user.has_perm("orders.view_order") else self.filter(buyer=user)

    def with_payment(self) -> "OrderQuerySet":
        """What stands in one row each, in the same query: how it is paid for, and its parcel."""
        return self.select_related("payment", "fulfilment")

    def with_details(self) -> "OrderQuerySet":
        """Everything an answer shows of an order, in two queries more however many orders there are."""
        return self.with_payment().prefetch_related("lines", "payment__refunds")

    def locked(self, order_id: int) -> "Order":
        """Lock the order and its payment until the transaction ends: whoever changes either, comes here first.

        Both rows: of a joined row that is not locked PostgreSQL shows, after a wait, the version from before the wait,
        and two refunds at once would each find nothing refunded yet.
        """
        both = self.select_related("payment").exclude(payment=None)  # hence an inner join, which can be locked
        return both.select_for_update(of=("self", "payment"), no_key=True).get(pk=order_id)


class Order(models.Model):
    """One purchase. `number` is its name outside; `id` never leaves the database."""

    number = models.CharField(max_length=14, unique=True)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders", db_index=False)
    idempotency_key = models.OneToOneField(IdempotencyKey, models.SET_NULL, null=True, blank=True, related_name="order")
    status = models.CharField(max_length=10, choices=OrderStatus, default=OrderStatus.PENDING)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    discount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    shipping = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    taxes = models.JSONField(
        null=True, blank=True, help_text="[{rate, gross, amount}], as in the total; empty: from before that was kept."
    )
    coupon = models.ForeignKey(Coupon, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    coupon_code = models.CharField(max_length=30, blank=True, db_default="", help_text="As it was then.")
    shipping_address = models.JSONField(help_text="name, line1, line2, city, postal_code, country (ISO 3166)")
    placed_at = models.DateTimeField(db_default=Now())
    reserved_until = models.DateTimeField(help_text="An order that is still pending then gives its units back.")
    event_count = models.PositiveIntegerField(default=1, help_text="Sequence number of the newest event.")

    objects = OrderQuerySet.as_manager()

    class Meta:
        permissions = [
            ("cancel_order", "Can cancel anybody's order"),
            ("refund_order", "Can give money back, up to a limit"),
            ("refund_any_amount", "Can give any amount back"),
            ("fulfil_order", "Can pack and send orders"),
        ]
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0), name="total_is_not_negative"),
            models.CheckConstraint(condition=Q(discount__gte=0, shipping__gte=0), name="parts_are_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["buyer", "-id"], name="order_history"
            ),  # GET /api/v1/orders/ of one buyer, newest first
            models.Index(
                fields=["placed_at"], condition=Q(status="pending"), name="pending_orders"
            ),  # what reconciliation asks for
            models.Index(
                fields=["coupon"], condition=Q(coupon__isnull=False), name="orders_with_a_coupon"
            ),  # the audit
        ]

    def __str__(self) -> str:
        return self.number

    def move_to(self, status: OrderStatus) -> None:
        """Take a step; raise IllegalTransition for one that the table does not list. `book.record` writes it down."""
        require_move(ORDER_MOVES, self.status, status)
        self.status = status

    @property
    def subtotal(self) -> Decimal:
        """What its lines cost together, before the discount; asks no query. The audit holds it against them (I4)."""
        return self.total + self.discount - self.shipping

    @property
    def tax(self) -> Decimal | None:
        """How much of the total is tax; None for an order from before that was kept."""
        return None if self.tax_rows is None else sum((row.amount for row in self.tax_rows), Decimal("0.00"))

    @property
    def tax_rows(self) -> "list[TaxRow] | None":
        """The tax by rate, the highest first."""
        if self.taxes is None:
            return None
        return [TaxRow(tax["rate"], Decimal(tax["gross"]), Decimal(tax["amount"]), self.currency) for tax in self.taxes]

    @cached_property
    def known_lines(self) -> list["OrderLine"]:
        """The lines, read at most once, since they never change; `book.enter` sets those that it has just written."""
        return list(self.lines.all())

    @property
    def is_cancellable(self) -> bool:
        """Whether it can be called off from where it stands: not after the money went elsewhere, nor once packed."""
        return self.status == OrderStatus.PENDING or (self.status == OrderStatus.PAID and not self.fulfilments)

    @property
    def is_refundable(self) -> bool:
        """Whether any of its money can be given back."""
        return self.status in {OrderStatus.PAID, OrderStatus.FULFILLED} and self.payment.refundable > 0

    @property
    def is_packable(self) -> bool:
        """Whether it is paid, not packed yet, and its money does not go back."""
        return self.status == OrderStatus.PAID and self.payment.refundable > 0 and not self.fulfilments

    @property
    def fulfilments(self) -> list["Fulfilment"]:
        """Its parcel, once it is packed; asks no query after `with_details`."""
        return [self.fulfilment] if hasattr(self, "fulfilment") else []

    def stock_lines(self) -> list[Line]:
        """What this order holds or has sold, as `shop.stock` takes it."""
        return [Line(line.product_id, line.quantity) for line in self.known_lines]


class OrderLine(models.Model):
    """Some units of one product at the price of that day.

    Roadmap: databases/relational-model
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")  # what was ever sold cannot be deleted
    sku = models.CharField(max_length=40)
    name = models.CharField(max_length=160)
    unit_price = models.DecimalField(max_digits=12, decimal_places=2)
    quantity = models.PositiveIntegerField()
    line_total = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_has_units"),
            models.CheckConstraint(condition=Q(line_total=F("unit_price") * F("quantity")), name="line_total_adds_up"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class OrderEvent(models.Model):
    """One thing that happened to an order. Numbered without gaps, never changed: a trigger refuses."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events", db_index=False)
    sequence = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["sequence"]
        triggers = [APPEND_ONLY]
        constraints = [models.UniqueConstraint(fields=["order", "sequence"], name="events_are_numbered_once")]

    def __str__(self) -> str:
        return f"{self.sequence}. {self.type}"
