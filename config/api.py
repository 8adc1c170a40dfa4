"""The root of the REST API: which app answers which part of /api/v1/, and the one address that a client must know.

Roadmap: frameworks/routing, architecture/modular-monolith, api/hateoas
"""

from typing import Any

from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.hypermedia import Guide, Links, LinksField
from accounts.permissions import WithinScope

#: Where a client may begin, by relation: the route and the method.
DOORS = {
    "self": ("root", "GET"), "products": ("products", "GET"), "categories": ("categories", "GET"),
    "log-in": ("log-in", "POST"), "register": ("registrations", "POST"), "cart": ("cart", "GET"),
    "orders": ("orders", "GET"), "checkout": ("orders", "POST"), "account": ("account", "GET"),
    "stock-imports": ("stock-imports", "GET"), "import-stock": ("stock-imports", "POST"),
}  # fmt: skip


def of_root(guide: Guide, _: object) -> Links:
    """Each door that is open to this caller."""
    for relation, (route, method) in DOORS.items():
        yield relation, guide.link(route, method=method)


class RootSerializer(serializers.Serializer[Any]):
    """Nothing but links."""

    _links = LinksField(of_root)


class Root(APIView):
    """Where a client begins."""

    permission_classes = [AllowAny, WithinScope]
    scopes = {"GET": "catalog:read"}

    @extend_schema(operation_id="show_root", responses=RootSerializer, tags=["catalogue"])
    def get(self, request: Request) -> Response:
        """Show where to begin: the doors that are open to the caller."""
        return Response(RootSerializer(object(), context={"request": request}).data)


# Patterns are tried one by one: what is asked for most stands first.
urlpatterns = [
    path("", Root.as_view(), name="root"),
    path("", include("shop.urls")),
    path("", include("orders.urls")),
    path("", include("accounts.urls")),
]
