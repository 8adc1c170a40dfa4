"""Units that warehouses hold for what they sell elsewhere. Written by `shop/reservations.py` alone.

Roadmap: databases/schema-design, databases/keys
"""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from shop.models.catalogue import Product


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Reservations of warehouses."""

    def of(self, user: User) -> "ReservationQuerySet":
        """Only this user's."""
        return self.filter(owner=user)

    def due(self, now: datetime) -> "ReservationQuerySet":
        """Only those whose time is up and whose units are still set aside."""
        return self.filter(state=Reservation.State.HELD, expires_at__lte=now)


class Reservation(models.Model):
    """Units promised to somebody who sells them elsewhere, for a while and under a key of their own making."""

    class State(models.TextChoices):
        """`held` counts in `Stock.reserved`; the others have given their units back."""

        HELD = "held"
        RELEASED = "released"
        EXPIRED = "expired"

    # Not CASCADE: with the row would go the knowledge of what to give back.
    owner = models.ForeignKey(User, models.PROTECT, related_name="reservations", db_index=False)
    key = models.UUIDField(help_text="Made by the client: the same key is the same reservation.")
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="key_is_one_reservation"),
            models.CheckConstraint(
                condition=Q(state="held", ended_at=None) | Q(state__in=["released", "expired"], ended_at__isnull=False),
                name="ended_reservation_says_when",
            ),
        ]
        indexes = [
            # The clock asks every five seconds for what is due; what has ended is not in it.
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="held_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class ReservationLine(models.Model):
    """Some units of one product in a reservation."""

    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="lines", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="reservation_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reservation", "product"], name="product_once_in_a_reservation"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_line_has_units"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"
