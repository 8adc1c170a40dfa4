"""Stock over HTTP: what stands on the shelf, its ledger, deliveries and counts. For the warehouse and managers.

It stands here and not in `shop`, because a delivery that is sent twice must be booked once, and the keys for that are
kept by `orders/idempotency.py`; the rows are written by `shop/stock.py` alone.

Roadmap: api/idempotency, commerce/inventory
"""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import StepUpRequired
from accounts.permissions import Staffed
from accounts.representations.fieldsets import Sparse
from orders import idempotency
from orders.idempotency import Answer
from orders.views.orders import KEY, KEY_PROBLEMS, OnceView, as_response
from orders.webhooks import shelves
from shop import bodies, serializers, stock
from shop.errors import CountBelowReserved, ShelfIsFull
from shop.models import Product, Stock, StockEntry
from shop.spreadsheets import Tabular

WAREHOUSE = {"GET": "stock:read", "POST": "stock:write"}


class StockView(OnceView):
    """What the endpoints of one product's stock share. Unlisted products have one, too."""

    permission_classes = [Staffed.to(GET="shop.view_stock", POST="shop.change_stock")]
    scopes = WAREHOUSE

    def product(self) -> Product:
        """Return the product of the path."""
        return get_object_or_404(Product.objects.only("id"), slug=self.kwargs["slug"])

    def shelf(self, product_id: int) -> Stock:
        """Return what stands there; nothing before the first delivery."""
        return Stock.objects.filter(pk=product_id).first() or Stock(product_id=product_id)

    def book(self, wanted: dict[str, Any], act: Callable[..., int | None]) -> HttpResponse:
        """Book it once and answer with the shelf as it is then."""
        product_id = self.product().pk

        def booked() -> Answer:
            entry = act(product_id=product_id, **wanted)
            return self.keepable(self.after(product_id, entry))

        return as_response(idempotency.once(self.identify(self.request, wanted), booked))

    def after(self, product_id: int, entry_id: int | None) -> Response:
        """Show the shelf with the line in the ledger. 201: there is one. 200: nothing moved."""
        entry = StockEntry.objects.get(pk=entry_id) if entry_id else None
        line = serializers.StockEntrySerializer(entry).data if entry else None
        shown = {**serializers.StockSerializer(self.shelf(product_id)).data, "entry": line}
        return Response(shown, 201 if entry else 200)


class StockDetail(Sparse, StockView):
    """The stock of one product."""

    serializer_class = serializers.StockSerializer

    @extend_schema(operation_id="show_stock", responses=serializers.StockSerializer, tags=["stock"])
    def get(self, request: Request, slug: str) -> Response:
        """Show how many units of a product there are, and how many of them are promised."""
        return Response(self.get_serializer(self.shelf(self.product().pk)).data)


class StockEntries(Sparse, Tabular, StockView, ListAPIView[StockEntry]):
    """The ledger of one product."""

    permission_classes = [Staffed.to(GET="shop.view_stockentry")]
    serializer_class = serializers.StockEntrySerializer
    queryset = StockEntry.objects.none()

    def get_queryset(self) -> QuerySet[StockEntry]:
        """Two queries, however many lines there are."""
        return StockEntry.objects.filter(product=self.product()).order_by("-id")

    @extend_schema(operation_id="list_stock_entries", tags=["stock"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the ledger of a product, latest first: every unit that came or went."""
        return self.list(request)


class Receipts(StockView):
    """The deliveries of one product."""

    problems = (StepUpRequired, ShelfIsFull, *KEY_PROBLEMS)

    @extend_schema(
        operation_id="receive_stock", tags=["stock"], parameters=[KEY],
        request=bodies.ReceiptSerializer, responses={201: serializers.BookedSerializer},
    )  # fmt: skip
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Put a delivery on the shelf. Sent again with its key, it is not booked again."""
        return self.book(bodies.ReceiptSerializer().run_validation(request.data), stock.receive)


class Corrections(StockView):
    """The counts of one product."""

    problems = (StepUpRequired, CountBelowReserved, *KEY_PROBLEMS)

    @extend_schema(
        operation_id="correct_stock", tags=["stock"], parameters=[KEY], request=bodies.CorrectionSerializer,
        responses={200: serializers.BookedSerializer, 201: serializers.BookedSerializer},
    )  # fmt: skip
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Set the shelf to what was counted. 201: the ledger says by how much. 200: the count was right."""
        return self.book(bodies.CorrectionSerializer().run_validation(request.data), shelves.correct)
