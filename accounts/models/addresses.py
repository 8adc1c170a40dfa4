"""Where somebody's parcels go, kept for the next purchase. An order copies the text and knows nothing of the row.

Roadmap: databases/schema-design
"""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AddressQuerySet(models.QuerySet["Address"]):
    """The reads that every protocol shares."""

    def of(self, user: models.Model) -> Self:
        """One user's, oldest first."""
        return self.filter(user=user).order_by("created_at", "id")


class Address(models.Model):
    """One delivery address. The user's default is found by the index that lets there be only one."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    postal_code = models.CharField(max_length=16)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2, such as DE.")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="one_default_address"),
            models.CheckConstraint(condition=Q(country__regex="^[A-Z]{2}$"), name="country_is_two_letters"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"

    def as_text(self) -> dict[str, str]:
        """What an order keeps of it; an empty second line is left out, as in an address that was typed in."""
        names = ("name", "line1", "line2", "city", "postal_code", "country")
        return {name: getattr(self, name) for name in names if getattr(self, name)}
