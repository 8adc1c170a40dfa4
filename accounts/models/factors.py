"""Second factors: apps that show a new code every half minute, and codes on paper for when the phone is gone.

Roadmap: auth/mfa
"""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class FactorQuerySet(models.QuerySet["Factor"]):
    """The reads that every protocol shares."""

    def of(self, user: models.Model) -> Self:
        """One user's, oldest first."""
        return self.filter(user=user).order_by("created_at")

    def confirmed(self) -> Self:
        """Those that count: their owner has shown a first code."""
        return self.filter(confirmed_at__isnull=False)

    def before(self, counter: int) -> Self:
        """Those that have taken no code of this half minute or a later one."""
        return self.filter(last_counter__lt=counter)


class Factor(models.Model):
    """One authenticator app (RFC 6238). It counts from the first code on."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="factors")
    name = models.CharField(max_length=60)
    secret = models.TextField(help_text="Shared with the app, sealed with a key that is made from SECRET_KEY.")
    last_counter = models.BigIntegerField(default=0, help_text="Half minutes since 1970 of the last code it took.")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = FactorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("user", condition=models.Q(confirmed_at=None), name="one_factor_waits_for_its_code")
        ]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """One line of the paper. It opens the account once, in place of the app."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256: of 120 random bits nobody guesses one.")
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"of user {self.user_id}"
