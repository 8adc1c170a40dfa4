"""The parcel of an order: packed, handed to a carrier, delivered.

Roadmap: commerce/order-processing, databases/keys
"""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orders.models.order import Order
from orders.states import FULFILMENT_MOVES, FulfilmentStatus, require_move

PACKED = Q(status="packed", carrier="", tracking_number="", shipped_at=None, delivered_at=None)
UNDER_WAY = ~Q(carrier="") & ~Q(tracking_number="") & Q(shipped_at__isnull=False)
SHIPPED = Q(status="shipped", delivered_at=None) & UNDER_WAY
DELIVERED = Q(status="delivered", delivered_at__isnull=False) & UNDER_WAY


class Fulfilment(models.Model):
    """One order, one parcel: the unique key of `order` keeps two packers from sending it twice."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="fulfilment")
    status = models.CharField(max_length=10, choices=FulfilmentStatus, default=FulfilmentStatus.PACKED)
    carrier = models.CharField(max_length=40, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True)
    packed_at = models.DateTimeField(db_default=Now())
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A label that is typed in for two parcels would show one buyer where the other one's parcel is.
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"], condition=~Q(tracking_number=""), name="one_parcel_per_label"
            ),
            models.CheckConstraint(condition=PACKED | SHIPPED | DELIVERED, name="parcel_says_where_it_is"),
        ]

    def __str__(self) -> str:
        return f"Parcel {self.pk} ({self.status})"

    def move_to(self, status: FulfilmentStatus) -> None:
        """Take a step; raise IllegalTransition for one that the table does not list."""
        require_move(FULFILMENT_MOVES, self.status, status)
        self.status = status
