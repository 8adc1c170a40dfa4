"""Second factors as clients see them: secrets go out once, when they are made, and never again.

Roadmap: api/request-response-validation
"""

from typing import Any

from rest_framework import serializers

from accounts.models import Factor
from accounts.serializers.strict import RequestSerializer, TextField


class FactorSerializer(serializers.ModelSerializer[Factor]):
    """One authenticator app; it counts from `confirmed_at` on."""

    class Meta:
        model = Factor
        fields = ["id", "name", "created_at", "confirmed_at"]


class StartFactorSerializer(RequestSerializer):
    """A new app, by a name that its owner will know it by."""

    name = TextField(max_length=60, default="Authenticator app")


class EnrolmentSerializer(serializers.Serializer[Any]):
    """What the app must be told, in three forms. Shown once."""

    id = serializers.UUIDField(source="factor.pk")
    secret = serializers.CharField(help_text="In base32, to be typed in.")
    uri = serializers.CharField(help_text="`otpauth://…`, to be opened on the telephone itself.")
    qr_code = serializers.CharField(help_text="The same as a picture: an SVG as a `data:` URI.")


class CodeSerializer(RequestSerializer):
    """A code of the app, or a recovery code."""

    code = TextField(max_length=40, write_only=True)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Each opens the account once, in place of the app. Shown once; empty if the account has some already."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class SteppedUpSerializer(serializers.Serializer[Any]):
    """An access token that says when its owner last showed a second factor."""

    access = serializers.CharField(help_text="In place of the one that you have; the refresh token stays good.")
