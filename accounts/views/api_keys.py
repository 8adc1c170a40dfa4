"""One's API keys over HTTP. A person makes them, by a second factor; a key makes none.

Roadmap: auth/api-keys
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import api_keys
from accounts.authentication import origin_of, person_of
from accounts.errors import NotANetwork, StepUpRequired, TooManyApiKeys
from accounts.models import ApiKey
from accounts.permissions import SteppedUp
from accounts.representations.fieldsets import Sparse
from accounts.serializers import api_keys as shapes


class LookOrStepUp(SteppedUp):
    """To look at one's keys is free."""

    def is_proved(self, request: Request) -> bool:
        """Whether it was shown, or need not be."""
        return request.method in SAFE_METHODS or super().is_proved(request)


class ApiKeys(Sparse, ListAPIView[ApiKey]):
    """The caller's API keys."""

    serializer_class = shapes.ApiKeySerializer
    queryset = ApiKey.objects.none()
    permission_classes = [LookOrStepUp]
    problems = (StepUpRequired, TooManyApiKeys, NotANetwork)
    keeps_body = True  # the key

    def get_queryset(self) -> QuerySet[ApiKey]:
        """One query."""
        return ApiKey.objects.of(person_of(self.request))

    @extend_schema(operation_id="list_api_keys", tags=["auth"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the caller's API keys, ended ones too, latest first."""
        return self.list(request)

    @extend_schema(
        operation_id="make_api_key", tags=["auth"],
        request=shapes.MakeApiKeySerializer, responses={201: shapes.MadeApiKeySerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Make an API key. It is shown in this answer and never again."""
        wish = shapes.MakeApiKeySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        asked = dict(wish.validated_data)
        lasts = timedelta(days=asked.pop("valid_days"))
        made = api_keys.make(person_of(request), lasts=lasts, origin=origin_of(request), **asked)
        return Response(shapes.MadeApiKeySerializer(made).data, status.HTTP_201_CREATED)


class ApiKeyDetail(APIView):
    """One of the caller's keys."""

    @extend_schema(operation_id="revoke_api_key", request=None, responses={204: None}, tags=["auth"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Revoke a key: it opens nothing from now on. This needs no second factor, since it may be urgent."""
        if not api_keys.revoke(person_of(request), id, origin=origin_of(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class ApiKeyRotation(APIView):
    """The succession of a key."""

    permission_classes = [SteppedUp]
    problems = (StepUpRequired, TooManyApiKeys)
    keeps_body = True  # the key

    @extend_schema(
        operation_id="rotate_api_key", tags=["auth"],
        request=shapes.RotateApiKeySerializer, responses={201: shapes.MadeApiKeySerializer},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Make a successor that may do the same. The old key lives on for the hours of the overlap."""
        wish = shapes.RotateApiKeySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        overlap = timedelta(hours=wish.validated_data["overlap_hours"])
        made = api_keys.rotate(person_of(request), id, overlap=overlap, origin=origin_of(request))
        if made is None:
            raise Http404
        return Response(shapes.MadeApiKeySerializer(made).data, status.HTTP_201_CREATED)
