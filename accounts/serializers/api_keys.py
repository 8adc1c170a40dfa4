"""API keys as clients see them: the key itself once, when it is made.

Roadmap: api/request-response-validation
"""

from typing import Any

from rest_framework import serializers

from accounts.models import ApiKey
from accounts.scopes import SCOPES
from accounts.serializers.strict import RequestSerializer, TextField


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """One key, by the beginning that its owner may know it by."""

    class Meta:
        model = ApiKey
        fields = [
            "id", "name", "prefix", "scopes", "networks", "created_at", "expires_at", "last_used_at", "revoked_at",
        ]  # fmt: skip


class MadeApiKeySerializer(serializers.Serializer[Any]):
    """A new key."""

    key = serializers.CharField(help_text="Send it as `Authorization: Api-Key …`. It is not shown again.")
    id = serializers.UUIDField(source="row.pk")
    prefix = serializers.CharField(source="row.prefix")
    expires_at = serializers.DateTimeField(source="row.expires_at")


class MakeApiKeySerializer(RequestSerializer):
    """What the key is for, what it may do, where from and how long. No key lives for ever."""

    name = TextField(max_length=60)
    scopes = serializers.ListField(child=serializers.ChoiceField(sorted(SCOPES)), min_length=1, max_length=20)
    valid_days = serializers.IntegerField(min_value=1, max_value=365)
    networks = serializers.ListField(
        child=TextField(max_length=43), max_length=20, default=list,
        help_text="Addresses such as 192.0.2.7 or 192.0.2.0/24 that it may be used from; none: from anywhere.",
    )  # fmt: skip


class RotateApiKeySerializer(RequestSerializer):
    """How long the old key lives on beside its successor."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24)
