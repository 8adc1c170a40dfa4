"""The parcel of an order over HTTP: packing makes it, its shipment and its delivery are resources of their own.

Whoever may see the order may see where its parcel is; the warehouse writes. Each step may be repeated: 201 the first
time, 200 afterwards, and so it needs no key.

Roadmap: api/rest-resource-design
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import person_of
from accounts.permissions import HoldsToWrite
from accounts.representations.fieldsets import Sparse
from orders import errors, fulfilment
from orders.models import Fulfilment
from orders.serializers import FulfilmentSerializer, ShipSerializer
from orders.views.orders import OrderView
from shop.pages import Pages


class FulfilmentView(OrderView):
    """What the endpoints of one parcel share."""

    permission_classes = [HoldsToWrite.the("orders.fulfil_order")]
    scopes = {"GET": "orders:read"}  # the warehouse writes by its people's hands

    def parcel(self) -> Fulfilment:
        """Return the parcel of the path, if it is of that order, and the caller may see the order."""
        found = Fulfilment.objects.filter(order=self.order(), pk=self.kwargs["id"]).first()
        if found is None:
            raise Http404
        return found


class Fulfilments(Sparse, FulfilmentView, ListAPIView[Fulfilment]):
    """The parcels of one order: none yet, or one."""

    serializer_class = FulfilmentSerializer
    pagination_class = Pages
    problems = (errors.NotAllowed, errors.NotFulfillable)

    def get_queryset(self) -> QuerySet[Fulfilment]:
        """One query beside the order's."""
        return Fulfilment.objects.filter(order=self.order()).order_by("-packed_at")

    @extend_schema(operation_id="list_fulfilments", tags=["orders"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the parcels of the order, with carrier and tracking number once they are shipped."""
        return self.list(request)

    @extend_schema(
        operation_id="pack_order",
        request=None,
        responses={200: FulfilmentSerializer, 201: FulfilmentSerializer},
        tags=["orders"],
    )
    def post(self, request: Request, number: str) -> Response:
        """Pack the order; from now on it cannot be cancelled. 201: packed now. 200: it was packed before."""
        order = self.order()
        parcel, is_new = fulfilment.pack(order.pk, actor=person_of(request))
        place = reverse("fulfilment", [order.number, parcel.pk], request=request)
        return Response(FulfilmentSerializer(parcel).data, 201 if is_new else 200, headers={"Location": place})


class FulfilmentDetail(Sparse, FulfilmentView):
    """One parcel."""

    serializer_class = FulfilmentSerializer

    @extend_schema(operation_id="show_fulfilment", responses=FulfilmentSerializer, tags=["orders"])
    def get(self, request: Request, number: str, id: UUID) -> Response:
        """Show where the parcel is."""
        return Response(self.get_serializer(self.parcel()).data)


class Shipment(FulfilmentView):
    """The departure of one parcel."""

    problems = (
        errors.NotAllowed, errors.NotFulfillable, errors.PaymentNotCaptured, errors.LabelTaken,
        errors.IllegalTransition,
    )  # fmt: skip

    @extend_schema(
        operation_id="ship_fulfilment",
        request=ShipSerializer,
        responses={200: FulfilmentSerializer, 201: FulfilmentSerializer},
        tags=["orders"],
    )
    def post(self, request: Request, number: str, id: UUID) -> Response:
        """Hand the parcel to a carrier; the buyer gets a letter. 200: it left under this very label before."""
        wanted = ShipSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        label = fulfilment.Label(**wanted.validated_data)
        parcel, is_new = fulfilment.ship(self.parcel().pk, label=label, actor=person_of(request))
        return Response(FulfilmentSerializer(parcel).data, 201 if is_new else 200)


class Delivery(FulfilmentView):
    """The arrival of one parcel."""

    problems = (errors.NotAllowed, errors.IllegalTransition)

    @extend_schema(
        operation_id="deliver_fulfilment",
        request=None,
        responses={200: FulfilmentSerializer, 201: FulfilmentSerializer},
        tags=["orders"],
    )
    def post(self, request: Request, number: str, id: UUID) -> Response:
        """Write down that the parcel arrived. 200: it was known before."""
        parcel, is_new = fulfilment.deliver(self.parcel().pk, actor=person_of(request))
        return Response(FulfilmentSerializer(parcel).data, 201 if is_new else 200)
