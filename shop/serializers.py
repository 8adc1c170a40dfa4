"""The shape of the catalogue as clients see it. Prices are no floats in any version: see `shop/money/shapes.py`.

Roadmap: api/request-response-validation
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.hypermedia import LinksField
from accounts.serializers.strict import RequestSerializer, TextField
from shop.hypermedia import of_product
from shop.models import Category, Product, ProductImage, Review, Stock, StockEntry
from shop.models.images import THUMBNAILS, WHOLE
from shop.models.reviews import BEST, LONGEST, WORST
from shop.money.shapes import Priced
from shop.pictures import MOST_BYTES
from shop.visibility.requests import InsideField, OwnPriceField
from shop.visibility.sight import INSIDE


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A shelf, and by slug the shelf it stands in."""

    parent = serializers.SlugRelatedField[Category](  # type: ignore[assignment] # the shelf, not DRF's parent field
        slug_field="slug", read_only=True, allow_null=True
    )

    class Meta:
        model = Category
        fields = ["slug", "name", "description", "parent", "position"]


class ImageSerializer(serializers.ModelSerializer[ProductImage]):
    """A picture of a product: WebP, in sizes of which the key is the longest side."""

    url = serializers.SerializerMethodField()
    thumbnails = serializers.SerializerMethodField()

    class Meta:
        model = ProductImage
        fields = ["url", "thumbnails", "alt", "width", "height"]

    def get_url(self, image: ProductImage) -> str:
        """The whole picture."""
        return self._address(image, WHOLE)

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "uri"}})
    def get_thumbnails(self, image: ProductImage) -> dict[str, str]:
        """Smaller ones, by their longest side in pixels."""
        return {str(size): self._address(image, size) for size in THUMBNAILS}

    def _address(self, image: ProductImage, size: int) -> str:
        address = image.url(size)
        request = self.context.get("request")
        return request.build_absolute_uri(address) if request else address


class StaffImageSerializer(ImageSerializer):
    """A picture as who uploads it sees it: the thumbnails are there once `is_ready` is true."""

    class Meta(ImageSerializer.Meta):
        fields = ["id", "is_ready", *ImageSerializer.Meta.fields]


class UploadImageSerializer(RequestSerializer):
    """A picture to take in. Its name and its Content-Type are not believed."""

    file = serializers.FileField(help_text=f"JPEG, PNG or WebP, at most {MOST_BYTES:,} bytes.")
    alt = TextField(max_length=160, help_text="What can be seen, for who cannot see it.")


class ProductSerializer(Priced, serializers.ModelSerializer[Product]):
    """A product in a list."""

    money = ("price", *INSIDE)
    category = serializers.SlugRelatedField[Category](slug_field="slug", read_only=True)
    price = OwnPriceField(12, 2, help_text="What one unit costs whoever asks.")
    trade_price = InsideField(help_text="What business customers pay. Only for staff that may see what products cost.")
    cost = InsideField(help_text="What one costs the house. Only for staff that may see what products cost.")
    available = serializers.SerializerMethodField()
    rating = serializers.SerializerMethodField()
    review_count = serializers.SerializerMethodField()
    images = ImageSerializer(many=True)
    _links = LinksField(of_product)

    class Meta:
        model = Product
        fields = [
            "sku", "slug", "name", "category", "price", "currency", *INSIDE, "available", "rating", "review_count",
            "images", "_links",
        ]  # fmt: skip

    def get_available(self, product: Product) -> int:
        """Units that can be bought now."""
        return product.stock.available if hasattr(product, "stock") else 0

    @extend_schema_field({"type": "string", "format": "decimal", "nullable": True, "example": "4.5"})
    def get_rating(self, product: Product) -> str | None:
        """Stars on average, with one place; null while nobody has reviewed it."""
        average = product.rating.average if hasattr(product, "rating") else None
        return None if average is None else str(average)

    def get_review_count(self, product: Product) -> int:
        """Reviews that the stars come from."""
        return product.rating.count if hasattr(product, "rating") else 0


class ProductDetailSerializer(ProductSerializer):
    """A product on its own page."""

    attributes = serializers.SerializerMethodField()

    class Meta(ProductSerializer.Meta):
        fields = [*ProductSerializer.Meta.fields, "description", "attributes", "is_listed"]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_attributes(self, product: Product) -> dict[str, Any]:
        """Material, size, colour: what only some products have."""
        return product.attributes


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """What one buyer says about a product."""

    author = serializers.CharField(source="author_name", read_only=True, help_text="The buyer's first name.")

    class Meta:
        model = Review
        fields = ["id", "author", "rating", "text", "is_hidden", "created_at", "updated_at"]


class OwnReviewSerializer(ReviewSerializer):
    """A review in the list of all that somebody said."""

    product = serializers.SlugRelatedField[Product](slug_field="slug", read_only=True)

    class Meta(ReviewSerializer.Meta):
        fields = ["product", *ReviewSerializer.Meta.fields]


class WriteReviewSerializer(RequestSerializer):
    """A new review."""

    rating = serializers.IntegerField(min_value=WORST, max_value=BEST, help_text="Stars, five for the best.")
    text = TextField(max_length=LONGEST, required=False, default="", allow_blank=True)


class ChangeReviewSerializer(RequestSerializer):
    """Other stars, other words, or both."""

    rating = serializers.IntegerField(min_value=WORST, max_value=BEST, required=False)
    text = TextField(max_length=LONGEST, required=False, allow_blank=True)


class StockEntrySerializer(serializers.ModelSerializer[StockEntry]):
    """One line of the ledger: units that came (above 0) or went (below 0), and why."""

    class Meta:
        model = StockEntry
        fields = ["id", "kind", "quantity", "reference", "at"]


class StockSerializer(serializers.ModelSerializer[Stock]):
    """What stands on the shelf, and how much of it is promised to buyers."""

    available = serializers.IntegerField(read_only=True, help_text="Units that can be bought now.")

    class Meta:
        model = Stock
        fields = ["on_hand", "reserved", "available"]


class ProductPageSerializer(ProductDetailSerializer):
    """A product on its own page, with what is asked for by `include`: the newest reviews, the shelf."""

    reviews = ReviewSerializer(many=True, source="newest_reviews", required=False)
    stock = StockSerializer(source="shelf", required=False)

    class Meta(ProductDetailSerializer.Meta):
        fields = [*ProductDetailSerializer.Meta.fields, "reviews", "stock"]


class BookedSerializer(StockSerializer):
    """The shelf after a delivery or a count, and the line in the ledger that says so."""

    entry = StockEntrySerializer(allow_null=True, help_text="Null: the count was right, so nothing moved.")

    class Meta(StockSerializer.Meta):
        fields = [*StockSerializer.Meta.fields, "entry"]
