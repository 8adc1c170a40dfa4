"""What one's account is connected with: looked at and taken back. No program may, whatever it was given.

Roadmap: auth/authorization-server, auth/social-login
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import origin_of, person_of
from accounts.errors import LastWayIn, StepUpRequired
from accounts.models import Application, ExternalIdentity
from accounts.oauth import grants, identities
from accounts.permissions import ProvedAgain
from accounts.representations.fieldsets import Sparse
from accounts.serializers.connections import ApplicationSerializer, IdentitySerializer


class Applications(Sparse, ListAPIView[Application]):
    """The programs that act for the caller."""

    serializer_class = ApplicationSerializer
    queryset = Application.objects.none()

    def get_queryset(self) -> QuerySet[Application]:
        """One query."""
        return grants.applications_of(person_of(self.request))

    @extend_schema(operation_id="list_applications", tags=["account"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the programs that may act for the caller."""
        return self.list(request)


class ApplicationDetail(APIView):
    """One of them."""

    @extend_schema(operation_id="revoke_application", request=None, responses={204: None}, tags=["account"])
    def delete(self, request: Request, slug: str) -> Response:
        """Let it act for the caller no longer: its tokens open nothing from now on."""
        if not grants.revoke(person_of(request), slug, origin=origin_of(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class Identities(Sparse, ListAPIView[ExternalIdentity]):
    """The caller's accounts elsewhere."""

    serializer_class = IdentitySerializer
    queryset = ExternalIdentity.objects.none()

    def get_queryset(self) -> QuerySet[ExternalIdentity]:
        """One query."""
        return person_of(self.request).identities.order_by("linked_at")

    @extend_schema(operation_id="list_identities", tags=["account"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the accounts elsewhere by which the caller may log in."""
        return self.list(request)


class IdentityDetail(APIView):
    """One of them."""

    permission_classes = [IsAuthenticated, ProvedAgain]
    problems = (LastWayIn, StepUpRequired)

    @extend_schema(operation_id="unlink_identity", request=None, responses={204: None}, tags=["account"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Log in from there no longer."""
        if not identities.unlink(person_of(request), id, origin=origin_of(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
