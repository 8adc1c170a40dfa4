"""The shape of what people ask about themselves.

Roadmap: api/request-response-validation
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts import personal
from accounts.models import Factor, SecurityEvent, TokenFamily, User
from accounts.oauth import grants
from accounts.serializers.addresses import KeptAddressSerializer
from accounts.serializers.connections import ApplicationSerializer, IdentitySerializer
from accounts.serializers.registration import AddressField, NameField, PasswordField, TokenField
from accounts.serializers.strict import RequestSerializer


class AccountSerializer(serializers.ModelSerializer[User]):
    """Who the shop takes one for."""

    class Meta:
        model = User
        fields = ["email", "name", "is_business", "joined_at"]


class ChangeAccountSerializer(RequestSerializer):
    """What one may change without proof."""

    name = NameField()


class ChangeEmailSerializer(RequestSerializer):
    """Move to another address."""

    email = AddressField()
    password = PasswordField()


class ConfirmEmailSerializer(RequestSerializer):
    """Use the link from the new address."""

    token = TokenField()


class CloseAccountSerializer(RequestSerializer):
    """Be forgotten."""

    password = PasswordField()


class ExportedLoginSerializer(serializers.ModelSerializer[TokenFamily]):
    """One login, open or ended."""

    class Meta:
        model = TokenFamily
        fields = ["kind", "methods", "address", "agent", "started_at", "used_at", "expires_at", "ended_at"]


class ExportedEventSerializer(serializers.ModelSerializer[SecurityEvent]):
    """One thing that happened to the account."""

    class Meta:
        model = SecurityEvent
        fields = ["kind", "at", "address", "agent", "details"]


class ExportedFactorSerializer(serializers.ModelSerializer[Factor]):
    """One second factor, without its secret."""

    class Meta:
        model = Factor
        fields = ["name", "created_at", "confirmed_at"]


class ExportSerializer(serializers.Serializer[Any]):
    """All that is known here of one person."""

    account = AccountSerializer(source="*")
    addresses = KeptAddressSerializer(many=True)
    logins = ExportedLoginSerializer(many=True)
    security_events = ExportedEventSerializer(many=True)
    factors = ExportedFactorSerializer(many=True)
    identities = IdentitySerializer(many=True)
    applications = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField(help_text="How many rows of which table; secrets are counted, not shown.")

    @extend_schema_field(ApplicationSerializer(many=True))
    def get_applications(self, user: User) -> Any:
        """The programs that may act for them."""
        return ApplicationSerializer(grants.applications_of(user), many=True).data

    def get_rows(self, user: User) -> dict[str, int]:
        """Nothing is left out of the count."""
        return personal.kept(user)
