"""Subscriptions and deliveries as clients see them: a secret once, when it is made.

Roadmap: api/request-response-validation
"""

from typing import Any

from rest_framework import serializers

from accounts.serializers.strict import RequestSerializer, TextField
from orders.models import WebhookDelivery, WebhookKind, WebhookSubscription


class SubscriptionSerializer(serializers.ModelSerializer[WebhookSubscription]):
    """Who listens where for what."""

    is_active = serializers.SerializerMethodField()

    class Meta:
        model = WebhookSubscription
        fields = ["id", "url", "events", "is_active", "created_at", "disabled_at", "old_secret_until"]

    def get_is_active(self, row: WebhookSubscription) -> bool:
        """False when it was switched off, by somebody or because nothing arrived for a day."""
        return row.disabled_at is None


class OpenedSubscriptionSerializer(serializers.Serializer[Any]):
    """A subscription and its new secret."""

    secret = serializers.CharField(help_text="`whsec_…`, for a library of standardwebhooks.com. It is not shown again.")
    subscription = SubscriptionSerializer(source="row")


class SubscribeSerializer(RequestSerializer):
    """Where to send which events."""

    url = TextField(max_length=500)
    events = serializers.ListField(child=serializers.ChoiceField(WebhookKind.choices), min_length=1, max_length=20)


class ChangeSubscriptionSerializer(RequestSerializer):
    """What is to be different; what is left out stays."""

    url = TextField(max_length=500, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(WebhookKind.choices), min_length=1, max_length=20, required=False
    )
    is_active = serializers.BooleanField(required=False)


class RotateSecretSerializer(RequestSerializer):
    """How long the old secret signs beside the new one."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24)


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """One event for one subscription, and how its sending went."""

    webhook_id = serializers.CharField(source="message_id", help_text="The `webhook-id` that the receiver sees.")
    next_attempt_at = serializers.DateTimeField(source="next_at", allow_null=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "id", "webhook_id", "type", "status", "attempts", "answered", "error", "created_at", "next_attempt_at",
            "delivered_at",
        ]  # fmt: skip
