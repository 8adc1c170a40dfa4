"""All that the shop holds about the caller, as one document: the account, and what was bought with it.

It stands here because accounts know nothing of orders.

Roadmap: api/http-methods
"""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import person_of
from orders.serializers import FullExportSerializer


class Export(APIView):
    """Everything about the caller."""

    buckets = {"GET": "export"}

    @extend_schema(operation_id="export_account", responses=FullExportSerializer, tags=["account"])
    def get(self, request: Request) -> Response:
        """Take everything along that the shop holds about the caller. Passwords and other secrets are left out."""
        return Response(FullExportSerializer(person_of(request), context={"version": request.version}).data)
