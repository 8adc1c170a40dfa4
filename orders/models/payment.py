"""The payment of an order and its refunds.

The id of each is the idempotency key at the provider: a repeated call can only find what the first one did.

Roadmap: commerce/payment-gateway
"""

from decimal import Decimal
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orders.models.order import Order
from orders.states import PAYMENT_MOVES, PaymentStatus, RefundStatus, require_move


class Payment(models.Model):
    """The money of one order. One row, one provider intent, one charge."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="payment")
    method = models.CharField(max_length=100, help_text="The provider's token of a card; never a card number.")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=PaymentStatus, default=PaymentStatus.CREATED)
    provider_id = models.CharField(max_length=100, blank=True, help_text="The provider's id of the payment intent.")
    decline_reason = models.CharField(max_length=60, blank=True)
    refunded_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # Two refunds at once cannot give back more than was taken, whatever Python believes.
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("amount")), name="refund_is_covered"
            ),
            models.UniqueConstraint(
                fields=["provider_id"], condition=~Q(provider_id=""), name="one_payment_per_intent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.status})"

    @property
    def refundable(self) -> Decimal:
        """What can still be given back, counting refunds under way as given."""
        return self.amount - self.refunded_amount

    def move_to(self, status: PaymentStatus) -> None:
        """Take a step; raise IllegalTransition for one that the table does not list. `book.record` writes it down."""
        require_move(PAYMENT_MOVES, self.status, status)
        self.status = status


class Refund(models.Model):
    """Money given back, whole or in part."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.CASCADE, related_name="refunds")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    provider_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_gives_something")]

    def __str__(self) -> str:
        return f"{self.amount} ({self.status})"
