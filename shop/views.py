"""Browsing: the product list, one product, the tree of categories. Open to everybody, reads only.

Roadmap: api/http-methods, orm/n-plus-one
"""

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny

from accounts.permissions import WithinScope
from shop.filters import KnownParameters, ProductFilter
from shop.models import Category, Product
from shop.pages import Pages
from shop.serializers import CategorySerializer, ProductDetailSerializer, ProductSerializer


@extend_schema_view(get=extend_schema(operation_id="list_products", tags=["catalogue"]))
class Products(ListAPIView[Product]):
    """List the products for sale."""

    permission_classes = [AllowAny, WithinScope]
    scopes = {"GET": "catalog:read"}
    buckets = {"GET?search": "search"}
    serializer_class = ProductSerializer
    pagination_class = Pages
    filter_backends = [KnownParameters, DjangoFilterBackend]
    filterset_class = ProductFilter

    def get_queryset(self) -> QuerySet[Product]:
        """Everything a row shows, in one query."""
        return (
            Product.objects.listed()
            .order_by("name")
            .select_related("category", "stock", "rating")
            .defer("search_vector", "description", "attributes")
        )


@extend_schema_view(get=extend_schema(operation_id="show_product", tags=["catalogue"]))
class ProductDetail(RetrieveAPIView[Product]):
    """Show one product."""

    permission_classes = [AllowAny, WithinScope]
    scopes = {"GET": "catalog:read"}
    serializer_class = ProductDetailSerializer
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Product]:
        """One query."""
        return Product.objects.listed().select_related("category", "stock", "rating").defer("search_vector")


@extend_schema_view(get=extend_schema(operation_id="list_categories", tags=["catalogue"]))
class Categories(ListAPIView[Category]):
    """List all categories, parents before their children."""

    permission_classes = [AllowAny, WithinScope]
    scopes = {"GET": "catalog:read"}
    serializer_class = CategorySerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Category]:
        """One query; the tree is small."""
        return Category.objects.select_related("parent").order_by("position", "name")
