"""Keys of machines: what a batch job sends in place of a person's login.

Roadmap: auth/api-keys
"""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """The reads that every protocol shares."""

    def of(self, user: models.Model) -> Self:
        """One user's, latest first."""
        return self.filter(user=user).order_by("-created_at")

    def open(self, *, now: datetime | None = None) -> Self:
        """Those that still open something."""
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())


class ApiKey(models.Model):
    """One key. The prefix is shown so that its owner can tell it from others; of the rest there is only a hash."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=140, unique=True, help_text="SHA-512 of the whole key; found by this index.")
    scopes = ArrayField(models.CharField(max_length=40))
    networks = ArrayField(models.CharField(max_length=43), help_text="Where it may be used from; empty: anywhere.")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
