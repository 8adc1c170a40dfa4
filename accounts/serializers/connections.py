"""What an account is connected with: programs that act for its person, identities elsewhere that let them in.

Roadmap: api/request-response-validation
"""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Application, ExternalIdentity


class ApplicationSerializer(serializers.ModelSerializer[Application]):
    """A program, what it may do, and when it last renewed its tokens."""

    scopes = serializers.SerializerMethodField()
    used_at = serializers.DateTimeField()

    class Meta:
        model = Application
        fields = ["client_id", "name", "scopes", "used_at"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_scopes(self, application: Application) -> list[str]:
        """What it was given at all its visits."""
        return sorted(set(application.granted.split()))


class IdentitySerializer(serializers.ModelSerializer[ExternalIdentity]):
    """An account elsewhere."""

    class Meta:
        model = ExternalIdentity
        fields = ["id", "issuer", "subject", "email", "linked_at"]
