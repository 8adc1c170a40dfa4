"""Webhook subscriptions over HTTP: for managers with a second factor, since whoever opens one is told of every order.

Roadmap: api/rest-resource-design
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.errors import StepUpRequired
from accounts.permissions import Holds
from accounts.representations.fieldsets import Sparse
from accounts.views.api_keys import LookOrStepUp
from orders.errors import TargetRefused, TooManySubscriptions
from orders.models import WebhookDelivery, WebhookSubscription
from orders.webhooks import deliveries, subscriptions
from orders.webhooks import serializers as shapes

MAY_SUBSCRIBE: list[type[BasePermission]] = [Holds.the("orders.change_webhooksubscription"), LookOrStepUp]
MAY_REPLAY: list[type[BasePermission]] = [Holds.the("orders.change_webhookdelivery"), LookOrStepUp]


class Subscriptions(Sparse, ListAPIView[WebhookSubscription]):
    """All that listen."""

    serializer_class = shapes.SubscriptionSerializer
    queryset = WebhookSubscription.objects.order_by("-created_at")
    permission_classes = MAY_SUBSCRIBE
    problems = (StepUpRequired, TargetRefused, TooManySubscriptions)
    keeps_body = True  # the secret

    @extend_schema(operation_id="list_webhook_subscriptions", tags=["webhooks"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List who listens for what, latest first."""
        return self.list(request)

    @extend_schema(
        operation_id="open_webhook_subscription", tags=["webhooks"],
        request=shapes.SubscribeSerializer, responses={201: shapes.OpenedSubscriptionSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Send events to an address from now on. The secret that signs them is in this answer and in no other."""
        wish = shapes.SubscribeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        opened = subscriptions.subscribe(person_of(request), **wish.validated_data)
        return Response(shapes.OpenedSubscriptionSerializer(opened).data, status.HTTP_201_CREATED)


class SubscriptionDetail(Sparse):
    """One of them."""

    serializer_class = shapes.SubscriptionSerializer
    permission_classes = MAY_SUBSCRIBE
    problems = (StepUpRequired, TargetRefused)

    @extend_schema(operation_id="show_webhook_subscription", responses=shapes.SubscriptionSerializer, tags=["webhooks"])
    def get(self, request: Request, id: UUID) -> Response:
        """Show one subscription."""
        return Response(self.get_serializer(get_object_or_404(WebhookSubscription, pk=id)).data)

    @extend_schema(
        operation_id="change_webhook_subscription", tags=["webhooks"],
        request=shapes.ChangeSubscriptionSerializer, responses=shapes.SubscriptionSerializer,
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        """Change the address or the events, or switch it off and on. What is left out stays as it is."""
        wish = shapes.ChangeSubscriptionSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        changed = subscriptions.change(get_object_or_404(WebhookSubscription, pk=id), **wish.validated_data)
        return Response(shapes.SubscriptionSerializer(changed).data)

    @extend_schema(operation_id="end_webhook_subscription", request=None, responses={204: None}, tags=["webhooks"])
    def delete(self, request: Request, id: UUID) -> Response:
        """End a subscription, and forget what was sent."""
        get_object_or_404(WebhookSubscription, pk=id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecretRotation(APIView):
    """The succession of a secret."""

    permission_classes = MAY_SUBSCRIBE
    problems = (StepUpRequired,)
    keeps_body = True  # the secret

    @extend_schema(
        operation_id="rotate_webhook_secret", tags=["webhooks"],
        request=shapes.RotateSecretSerializer, responses={201: shapes.OpenedSubscriptionSerializer},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Sign with a new secret. For the hours of the overlap there are two signatures, one with the old secret."""
        wish = shapes.RotateSecretSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        overlap = timedelta(hours=wish.validated_data["overlap_hours"])
        rotated = subscriptions.rotate(get_object_or_404(WebhookSubscription, pk=id), overlap=overlap)
        return Response(shapes.OpenedSubscriptionSerializer(rotated).data, status.HTTP_201_CREATED)


class Deliveries(Sparse, ListAPIView[WebhookDelivery]):
    """The log of one subscription."""

    serializer_class = shapes.WebhookDeliverySerializer
    queryset = WebhookDelivery.objects.none()
    permission_classes = MAY_SUBSCRIBE

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        """Two queries: is there such a subscription, and what was sent to it."""
        found = get_object_or_404(WebhookSubscription, pk=self.kwargs["id"])
        return WebhookDelivery.objects.filter(subscription=found).order_by("-created_at").defer("body")

    @extend_schema(operation_id="list_webhook_deliveries", tags=["webhooks"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List what was or is to be sent there, latest first."""
        return self.list(request)


class Replay(APIView):
    """The repetition of one delivery."""

    permission_classes = MAY_REPLAY
    problems = (StepUpRequired,)

    @extend_schema(
        operation_id="replay_webhook_delivery", request=None, responses={202: shapes.WebhookDeliverySerializer},
        tags=["webhooks"],
    )  # fmt: skip
    def post(self, request: Request, id: UUID, delivery_id: UUID) -> Response:
        """Send it again under the same id, dead or arrived. What is on its way already stays as it is."""
        found = get_object_or_404(WebhookDelivery, pk=delivery_id, subscription=id)
        return Response(shapes.WebhookDeliverySerializer(deliveries.replay(found)).data, status.HTTP_202_ACCEPTED)
