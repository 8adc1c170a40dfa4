"""Logins, of API clients and of browsers, and the keys that sign tokens.

Roadmap: auth/access-and-refresh-tokens, auth/jwt-signing-algorithms
"""

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class SigningKey(models.Model):
    """One RSA key pair. Its time to sign ends when the next one's begins; `accounts/keys.py` has the rules."""

    kid = models.CharField(max_length=43, primary_key=True, help_text="RFC 7638 thumbprint of the public half.")
    private_key = models.TextField(help_text="PEM of the pair, encrypted with a key that is made from SECRET_KEY.")
    created_at = models.DateTimeField(db_default=Now())
    signs_from = models.DateTimeField()

    class Meta:
        ordering = ["signs_from", "kid"]

    def __str__(self) -> str:
        return self.kid


class LoginKind(models.TextChoices):
    """By what the client shows that it is logged in: a token, or a session's cookie."""

    API = "api"
    PAGES = "pages"


class TokenFamilyQuerySet(models.QuerySet["TokenFamily"]):
    """The reads that every protocol shares."""

    def of(self, user: models.Model) -> Self:
        """The logins of one user, latest first."""
        return self.filter(user=user).order_by("-used_at")

    def open(self, *, now: datetime | None = None) -> Self:
        """Those that still open something."""
        return self.filter(ended_at=None, expires_at__gt=now or timezone.now())


class TokenFamily(models.Model):
    """One login. Of an API client: all refresh tokens that came out of each other, only the latest is good. Of a
    browser: a session that carries this row's id."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="logins")
    kind = models.CharField(max_length=5, choices=LoginKind, default=LoginKind.API, db_default=LoginKind.API)
    latest = models.UUIDField(null=True, help_text="`jti` of the one refresh token that is good; pages have none.")
    methods = ArrayField(models.CharField(max_length=10), help_text="How they proved who they are: RFC 8176 names.")
    authenticated_at = models.DateTimeField(help_text="When they last did.")
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TokenFamilyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "token families"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=LoginKind.API, latest__isnull=False)
                | models.Q(kind=LoginKind.PAGES, latest__isnull=True),
                name="only_api_logins_have_a_refresh_token",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent or 'unknown client'}, since {self.started_at:%Y-%m-%d}"
