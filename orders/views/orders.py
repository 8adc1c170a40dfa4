"""Orders over HTTP: `Orders.post` is the purchase button; cancellations and refunds are resources, not verbs.

Somebody else's order answers like one that does not exist.

Roadmap: api/rest-resource-design, api/http-status-codes, frameworks/request-handlers, architecture/n-tier
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.errors import StepUpRequired
from accounts.hypermedia import Guide, open_doors
from accounts.permissions import Holds, SteppedUp
from accounts.representations.compound import Compound
from accounts.representations.fieldsets import Sparse
from orders import cancellation, checkout, errors, gateways, idempotency, refunds, serializers
from orders.hypermedia import of_order
from orders.idempotency import Answer
from orders.models import Order, Refund, numbers
from orders.models.order import OrderQuerySet
from orders.states import OrderStatus
from shop.errors import OutOfStock, SalesPaused
from shop.pages import Pages
from shop.spreadsheets import Tabular

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    required=True,
    description="A new one for each purchase; the same one for a retry.",
)
#: Made once: a serializer copies all its fields whenever it is made, which costs more than what it then does with them.
PLACE_ORDER = serializers.PlaceOrderSerializer()
#: And once for each version of the API, in which an order looks different.
ORDER = {version: serializers.OrderSerializer(context={"version": version}) for version in settings.API_VERSIONS}
KEY_PROBLEMS = (errors.IdempotencyKeyMissing, errors.IdempotencyKeyReused, errors.RequestInProgress)


class OnceView(APIView):
    """What the endpoints share whose requests happen once, however often they are sent."""

    def identify(self, request: Request, body: Any) -> idempotency.Request:
        """Say what makes this request the same as another: who, which key, where, and what was asked for."""
        canonical = json.dumps(body, sort_keys=True, default=str).encode()
        key = request.headers.get("Idempotency-Key")
        return idempotency.identify(
            user_id=person_of(request).pk, key=key, method=request.method or "", path=request.path, body=canonical
        )

    def keepable(self, response: Response, location: str = "") -> Answer:
        """Freeze an answer, so that a retry gets the very same bytes."""
        content_type = response.content_type or "application/json"
        return Answer(response.status_code, content_type, location, JSONRenderer().render(response.data).decode())


class OrderView(OnceView):
    """What the endpoints of one order share."""

    scopes: Mapping[str, str] = {"GET": "orders:read", "POST": "orders:write"}

    def order(self, orders: OrderQuerySet | None = None) -> Order:
        """Return the order of the path, if it is among these and the caller may see it; else it does not exist."""
        number = numbers.normalize(self.kwargs["number"])
        visible = (Order.objects.all() if orders is None else orders).visible_to(person_of(self.request))
        order = visible.filter(number=number).first() if number else None
        if order is None:
            raise Http404
        return order


def as_response(answer: Answer) -> HttpResponse:
    """Thaw a kept answer."""
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    if answer.location:
        response["Location"] = answer.location
    return response


class Orders(Compound, Tabular, OrderView, ListAPIView[Order]):
    """The caller's orders."""

    serializer_class = serializers.OrderSummarySerializer
    buckets = {"POST": "checkout"}
    pagination_class = Pages
    needs = {"lines": "lines"}
    parts = {"lines": "order", "payment": "order"}
    problems = (
        OutOfStock, errors.CartIsEmpty, errors.NotForSale, errors.MixedCurrencies, errors.TotalTooSmall,
        errors.CouponNotValid, errors.UnknownAddress, errors.PaymentDeclined, errors.PaymentUnavailable, SalesPaused,
        errors.OrderClosed, *KEY_PROBLEMS,
    )  # fmt: skip

    def get_queryset(self) -> QuerySet[Order]:
        """One query, and one for the lines if they are to come along."""
        return Order.objects.visible_to(person_of(self.request)).with_payment().order_by("-id")

    @extend_schema(operation_id="list_orders", responses=serializers.OrderSummarySerializer(many=True), tags=["orders"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the caller's orders, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="place_order",
        request=serializers.PlaceOrderSerializer,
        responses={201: serializers.OrderSerializer, 202: serializers.OrderSerializer},
        parameters=[KEY],
        tags=["orders"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Buy what is in the cart. 201: paid. 202: the provider has not answered yet; look at Location."""
        wanted = PLACE_ORDER.run_validation(request.data)
        purchase = checkout.Purchase(**wanted)
        identity = self.identify(request, wanted)
        answer = checkout.place_order(
            request=identity, purchase=purchase, gateway=gateways.configured(), render=self.render_order
        )
        return as_response(answer)

    def render_order(self, order: Order) -> Answer:
        """Say in HTTP how the purchase ended: paid, pending, declined or closed meanwhile."""
        location = reverse("order", [order.number], request=self.request)
        if order.status == OrderStatus.DECLINED:
            payment = order.payment
            refusal = errors.PaymentDeclined(payment.decline_reason, order.number, by_bank=bool(payment.provider_id))
            return self.keepable(self.handle_exception(refusal))
        if order.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
            return self.keepable(self.handle_exception(errors.OrderClosed(order.number, order.status)))
        status = 202 if order.status == OrderStatus.PENDING else 201
        links = open_doors(of_order(Guide(self.request), order))
        shown = ORDER[str(self.request.version)].to_representation(order)
        return self.keepable(Response(shown | {"_links": links}, status), location)


class OrderDetail(Sparse, OrderView, RetrieveAPIView[Order]):
    """One order."""

    serializer_class = serializers.OrderDetailSerializer
    needs = {"lines": "lines", "refunds": "payment__refunds", "events": "events"}

    def get_object(self) -> Order:
        """The order with its payment and parcel, and what the answer shows of lines, refunds and events."""
        return self.order(self.with_needs(Order.objects.with_payment()))

    @extend_schema(operation_id="show_order", tags=["orders"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Show an order with everything that happened to it."""
        return self.retrieve(request)


class Cancellation(OrderView):
    """The cancellation of one order."""

    problems = (errors.NotAllowed, errors.NotCancellable)

    @extend_schema(
        operation_id="cancel_order",
        request=None,
        responses={200: serializers.OrderDetailSerializer, 201: serializers.OrderDetailSerializer},
        tags=["orders"],
    )
    def post(self, request: Request, number: str) -> Response:
        """Call the order off before it is sent. 201: cancelled now. 200: it was cancelled before."""
        order, is_new = cancellation.cancel(self.order().pk, actor=person_of(request))
        shown = Order.objects.with_details().prefetch_related("events").get(pk=order.pk)
        told = serializers.OrderDetailSerializer(shown, context={"request": request}).data
        return Response(told, 201 if is_new else 200)


class Refunds(OrderView):
    """The refunds of one order."""

    permission_classes = [Holds.the("orders.refund_order"), SteppedUp]
    scopes = {}  # money goes back by a person's hand alone
    problems = (StepUpRequired, errors.NotAllowed, errors.NotRefundable, errors.RefundTooLarge, *KEY_PROBLEMS)

    @extend_schema(
        operation_id="refund_order",
        request=serializers.AskRefundSerializer,
        responses={201: serializers.RefundSerializer},
        parameters=[KEY],
        tags=["orders"],
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Give money back, all that is left or a part. Support may up to a limit, managers beyond it."""
        wanted = serializers.AskRefundSerializer(context={"request": request}).run_validation(request.data)
        identity, order = self.identify(request, wanted), self.order()
        answer = refunds.request_refund(
            order_id=order.pk,
            amount=amount_of(wanted, order),
            reason=wanted["reason"],
            actor=person_of(request),
            request=identity,
            render=self.render_refund,
        )
        return as_response(answer)

    def render_refund(self, refund: Refund) -> Answer:
        """Say in HTTP what was promised."""
        shown = serializers.RefundSerializer(refund, context={"request": self.request}).data
        return self.keepable(Response(shown, 201))


def amount_of(wanted: Mapping[str, Any], order: Order) -> Decimal | None:
    """Return how much is to go back (None: all that is left); raise ValidationError for another currency's money."""
    if wanted.get("currency", order.currency) != order.currency:
        raise ValidationError({"amount": {"currency": [f"This order was paid in {order.currency}."]}})
    return wanted.get("amount")
