"""Messages between transactions: what is to be done after a commit, and what the payment provider told us.

Roadmap: messaging/transactional-outbox
"""

from uuid import uuid4

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    """Messages by what is to happen with them."""

    def waiting(self) -> "OutboxQuerySet":
        """Neither done nor given up."""
        return self.filter(done_at__isnull=True, dead_at__isnull=True)

    def dead(self) -> "OutboxQuerySet":
        """Given up after too many failures; somebody must look."""
        return self.filter(dead_at__isnull=False)


class OutboxMessage(models.Model):
    """Something to be done because a transaction committed; written in that very transaction."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    topic = models.CharField(max_length=60)
    payload = models.JSONField()
    context = models.JSONField(
        db_default=Value({}, models.JSONField()), help_text="What led to it: see accounts/trail/."
    )
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now(), help_text="When the relay publishes it (again).")
    publications = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="A consumer works on it until then.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often a consumer began.")
    done_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="Why the last attempt failed.")

    objects = OutboxQuerySet.as_manager()

    class Meta:
        indexes = [
            # What the relay asks for five times a second; done messages cost it nothing.
            models.Index(fields=["due_at"], condition=Q(done_at__isnull=True, dead_at__isnull=True), name="outbox_due"),
            # How many wait for somebody to look, asked every quarter of a minute; a done message never enters it.
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="outbox_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class WebhookEvent(models.Model):
    """One event of the payment provider, stored once however often it is sent."""

    provider_event_id = models.CharField(max_length=100, primary_key=True)
    type = models.CharField(max_length=80)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.type} {self.provider_event_id}"
