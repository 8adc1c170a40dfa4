"""The least that could be called a product list or a product: a constant, a query and orjson, and DRF by the book.
And the floor's purchase, so that it stands behind the same middleware as ours.

They read the shop's own tables, show what its list shows but for pictures and links, and have none of its rules: no
pages, filters, versions, limits of requests, ETags or choice of fields.

Roadmap: testing/load-and-stress-tests, performance/code-optimization
"""

from functools import cache
from os import environ
from pathlib import Path
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.serializers import ModelSerializer, SerializerMethodField, SlugRelatedField

from config import urls
from deploy.bench import floor
from shop.models import Category, Product

PAGE = 24
COLUMNS = ("sku", "slug", "name", "category__slug", "price", "currency", "stock__on_hand", "stock__reserved")


def constant(request: HttpRequest) -> HttpResponse:
    """The very bytes that the shop answered once: what is left is the server, the middleware and the network."""
    return HttpResponse(_body(), "application/json")


@cache
def _body() -> bytes:
    return Path(environ["STATE_DIR"], "body.json").read_bytes()


def plain(request: HttpRequest) -> HttpResponse:
    """One query, and the fastest way from rows to JSON that we know."""
    rows = Product.objects.listed().order_by("name", "id").values_list(*COLUMNS)[:PAGE]
    shown = [
        {
            "sku": sku, "slug": slug, "name": name, "category": category, "price": str(price), "currency": currency,
            "available": (on_hand or 0) - (reserved or 0),
        }
        for sku, slug, name, category, price, currency, on_hand, reserved in rows
    ]  # fmt: skip
    return HttpResponse(orjson.dumps({"results": shown}), "application/json")


class ProductSerializer(ModelSerializer[Product]):
    """As in DRF's tutorial."""

    category = SlugRelatedField[Category](slug_field="slug", read_only=True)
    available = SerializerMethodField()

    class Meta:
        model = Product
        fields = ["sku", "slug", "name", "category", "price", "currency", "available"]

    def get_available(self, product: Product) -> int:
        """Units that can be bought now."""
        return product.stock.available if hasattr(product, "stock") else 0


class ProductDetailSerializer(ProductSerializer):
    """The same with what its own page shows."""

    class Meta(ProductSerializer.Meta):
        fields = [*ProductSerializer.Meta.fields, "description", "attributes", "is_listed"]


class Products(ListAPIView[Product]):
    """The first page, by the book."""

    serializer_class = ProductSerializer

    def get_queryset(self) -> Any:
        """One query."""
        return Product.objects.listed().order_by("name", "id").select_related("category", "stock")[:PAGE]


class ProductDetail(RetrieveAPIView[Product]):
    """One product, by the book."""

    serializer_class = ProductDetailSerializer
    queryset = Product.objects.listed().select_related("category", "stock")
    lookup_field = "slug"


# Before the shop's own, which its middleware asks for by name.
urlpatterns = [
    path("bench/constant/", constant),
    path("bench/plain/", plain),
    path("bench/buy/", csrf_exempt(floor.buy)),
    path("bench/products/", Products.as_view()),
    path("bench/products/<slug:slug>/", ProductDetail.as_view()),
    *urls.urlpatterns,
]
