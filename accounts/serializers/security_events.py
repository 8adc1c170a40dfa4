"""What happened to an account, as its owner sees it.

Roadmap: api/request-response-validation
"""

from rest_framework import serializers

from accounts.models import SecurityEvent


class SecurityEventSerializer(serializers.ModelSerializer[SecurityEvent]):
    """One thing that happened. Its details are for who looks into a break-in."""

    class Meta:
        model = SecurityEvent
        fields = ["kind", "at", "address", "agent"]
