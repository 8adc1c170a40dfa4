"""Merchants' systems that want to hear what happens here, and everything that was or is to be sent to them.

Roadmap: security/ssrf
"""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WebhookKind(models.TextChoices):
    """What can be listened for."""

    ORDER_PAID = "order.paid"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    ORDER_SHIPPED = "order.shipped"
    STOCK_LOW = "stock.low"


#: Which event of an order's history is told to the outside, and as what.
ANNOUNCED = {
    "OrderPaid": WebhookKind.ORDER_PAID,
    "OrderCancelled": WebhookKind.ORDER_CANCELLED,
    "PaymentRefunded": WebhookKind.ORDER_REFUNDED,
    "OrderShipped": WebhookKind.ORDER_SHIPPED,
}


class WebhookSubscriptionQuerySet(models.QuerySet["WebhookSubscription"]):
    """The reads that all share."""

    def listening(self, kind: str) -> Self:
        """Those that want to hear of it, and are not switched off."""
        return self.filter(disabled_at=None, events__contains=[kind])


class WebhookSubscription(models.Model):
    """Where to send which events. The secret is sealed: it must sign, and a copy of this table must not."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # PROTECT: it is the house's. With CASCADE it would go, unnoticed, with the account of a former manager.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", help_text="Gets a letter when it is switched off."
    )
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=40, choices=WebhookKind))
    secret = models.TextField(help_text="Sealed.")
    old_secret = models.TextField(blank=True, help_text="Sealed; signs beside the new one for a while.")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True, blank=True, help_text="Nothing is sent since then.")

    objects = WebhookSubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(events__len__gte=1), name="webhook_listens_for_something")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one subscription. The body is kept: sent again, it is the same to the byte."""

    class Status(models.TextChoices):
        """Where it stands."""

        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, editable=False, help_text="Made of event and subscription: one of each.")
    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="deliveries", db_index=False)
    type = models.CharField(max_length=40, choices=WebhookKind)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(null=True, blank=True, help_text="HTTP status of the last attempt, if any.")
    error = models.CharField(max_length=200, blank=True, help_text="Why the last attempt failed.")
    created_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-id"]
        indexes = [
            # The log of one, newest first.
            models.Index(fields=["subscription", "-created_at", "-id"], name="webhook_log")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"

    @property
    def message_id(self) -> str:
        """What the receiver knows it by, however often it is sent."""
        return f"msg_{self.pk.hex}"
