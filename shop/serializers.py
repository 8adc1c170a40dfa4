"""The shape of the catalogue as clients see it. Prices are strings: a JSON number would become a float.

Roadmap: api/request-response-validation
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shop.models import Category, Product


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A shelf, and by slug the shelf it stands in."""

    parent = serializers.SlugRelatedField[Category](  # type: ignore[assignment] # the shelf, not DRF's parent field
        slug_field="slug", read_only=True, allow_null=True
    )

    class Meta:
        model = Category
        fields = ["slug", "name", "description", "parent"]


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product in a list."""

    category = serializers.SlugRelatedField[Category](slug_field="slug", read_only=True)
    available = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = ["sku", "slug", "name", "category", "price", "currency", "available"]

    def get_available(self, product: Product) -> int:
        """Units that can be bought now."""
        return product.stock.available if hasattr(product, "stock") else 0


class ProductDetailSerializer(ProductSerializer):
    """A product on its own page."""

    attributes = serializers.SerializerMethodField()

    class Meta(ProductSerializer.Meta):
        fields = [*ProductSerializer.Meta.fields, "description", "attributes"]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_attributes(self, product: Product) -> dict[str, Any]:
        """Material, size, colour: what only some products have."""
        return product.attributes
