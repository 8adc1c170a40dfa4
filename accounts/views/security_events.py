"""What happened to one's own account, over HTTP: logins, failures, locks, new factors.

Roadmap: security/insufficient-logging
"""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person_of
from accounts.models import SecurityEvent
from accounts.representations.fieldsets import Sparse
from accounts.serializers.security_events import SecurityEventSerializer


class SecurityEvents(Sparse, ListAPIView[SecurityEvent]):
    """The caller's security events. No scope opens them: a program has no business with them."""

    serializer_class = SecurityEventSerializer
    queryset = SecurityEvent.objects.none()

    def get_queryset(self) -> QuerySet[SecurityEvent]:
        """One query."""
        return person_of(self.request).security_events.order_by("-id")

    @extend_schema(operation_id="list_security_events", tags=["account"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List what happened to the caller's account, the latest first."""
        return self.list(request)
