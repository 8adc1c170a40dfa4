"""Lists of deliveries over HTTP: taken in at once (202), booked later, and looked at meanwhile.

Roadmap: api/rest-resource-design, api/http-status-codes, api/idempotency
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.errors import StepUpRequired
from accounts.permissions import Staffed
from accounts.representations.fieldsets import Sparse
from orders import idempotency
from orders.idempotency import Answer
from orders.imports import booking
from orders.imports import serializers as shapes
from orders.imports.tables import TableParser
from orders.models import StockImport, StockImportRow
from orders.models.imports import StockImportQuerySet
from orders.views.orders import KEY, KEY_PROBLEMS, OnceView, as_response
from orders.views.stock import WAREHOUSE
from shop.spreadsheets import Tabular

#: Seconds after which a look is worth the while.
SOON = "2"


class ImportView(APIView):
    """What the endpoints share."""

    permission_classes = [Staffed.to(GET="shop.view_stock", POST="shop.change_stock")]
    scopes = WAREHOUSE

    def visible(self) -> StockImportQuerySet:
        """What the caller may see."""
        return StockImport.objects.visible_to(person_of(self.request))

    def job(self) -> StockImport:
        """The import of the path, if the caller may see it; else it does not exist."""
        return get_object_or_404(self.visible(), pk=self.kwargs["id"])


class Imports(Sparse, ImportView, OnceView, ListAPIView[StockImport]):
    """All lists of deliveries."""

    serializer_class = shapes.ImportSerializer
    queryset = StockImport.objects.none()
    parser_classes = [*APIView.parser_classes, TableParser]
    buckets = {"POST": "import"}
    problems = (StepUpRequired, *KEY_PROBLEMS)
    most_bytes = 400 * shapes.MOST_ROWS  # for `BodyLimitMiddleware`

    def get_queryset(self) -> QuerySet[StockImport]:
        """One query."""
        return self.visible().order_by("-created_at")

    @extend_schema(operation_id="list_stock_imports", tags=["stock"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the imports, latest first: your own, and as a manager everybody's."""
        return self.list(request)

    @extend_schema(
        operation_id="import_stock", tags=["stock"], parameters=[KEY], responses={202: shapes.ImportSerializer},
        request={"application/json": shapes.ROWS, "text/csv": OpenApiTypes.STR},
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponse:
        """Put many deliveries on their shelves. 202: they will be; how far it is, says the import at Location."""
        rows = shapes.rows_of(request.data)
        answer = idempotency.once(self.identify(request, rows), lambda: self.accept(rows))
        response = as_response(answer)
        response["Retry-After"] = SOON
        return response

    def accept(self, rows: shapes.Rows) -> Answer:
        """Take the list in and say where to look."""
        job = booking.accept(person_of(self.request), rows)
        told = shapes.ImportSerializer(job, context={"request": self.request}).data
        return self.keepable(Response(told, 202), reverse("stock-import", [job.pk], request=self.request))


class ImportDetail(Sparse, ImportView):
    """One list of deliveries."""

    serializer_class = shapes.ImportSerializer

    @extend_schema(operation_id="show_stock_import", tags=["stock"], responses=shapes.ImportSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        """Show how far it is. While it is not finished, `Retry-After` says when to look again."""
        job = self.job()
        shown = self.get_serializer(job).data
        return Response(shown, headers={} if job.is_finished else {"Retry-After": SOON})


class Refusals(Sparse, Tabular, ImportView, ListAPIView[StockImportRow]):
    """The rows of one list that were not booked."""

    serializer_class = shapes.RefusalSerializer
    queryset = StockImportRow.objects.none()

    def get_queryset(self) -> QuerySet[StockImportRow]:
        """Two queries: is there such an import, and its page."""
        return self.job().rows.exclude(refusal="").order_by("number")

    @extend_schema(operation_id="list_stock_import_refusals", tags=["stock"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the rows that were refused, each with its problem. The others are booked all the same."""
        return self.list(request)
