"""The shape of carts: their lines at the price of now, and what the whole would cost.

Roadmap: api/request-response-validation, commerce/pricing
"""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.hypermedia import LinksField
from accounts.serializers.strict import RequestSerializer, TextField
from orders.coupons.estimates import Estimate, estimate
from orders.errors import COUPON_REFUSALS
from orders.hypermedia import of_cart
from orders.models import Cart, CartLine
from orders.models.cart import MOST_UNITS
from orders.pricing.shipping import HOME_COUNTRY
from shop.money.shapes import Priced


class AddLineSerializer(RequestSerializer):
    """Put units of a product into the cart."""

    sku = TextField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_UNITS, default=1)


class ChangeLineSerializer(RequestSerializer):
    """Set how many units a line has."""

    quantity = serializers.IntegerField(min_value=1, max_value=MOST_UNITS)


class AttachCouponSerializer(RequestSerializer):
    """A coupon for the cart."""

    code = TextField(max_length=40, help_text="However it is typed, in capitals or not.")


class WhereToSerializer(RequestSerializer):
    """Where the goods of a cart would go."""

    country = serializers.RegexField(r"^[A-Z]{2}$", default=HOME_COUNTRY, help_text="ISO 3166-1 alpha-2.")


class CartLineSerializer(Priced, serializers.ModelSerializer[CartLine]):
    """One line of a cart, at the price of now, which is lower where so many units have earned a quantity price."""

    money = ("unit_price",)
    sku = serializers.CharField(source="product.sku")
    name = serializers.CharField(source="product.name")
    unit_price = serializers.DecimalField(12, 2)
    currency = serializers.CharField(source="product.currency")

    class Meta:
        model = CartLine
        fields = ["id", "sku", "name", "unit_price", "currency", "quantity"]

    def currency_of(self, row: CartLine) -> str:
        """The product's."""
        return row.product.currency


class CartCouponSerializer(serializers.Serializer[Any]):
    """The coupon of a cart, and whether it would be taken now."""

    code = serializers.CharField()
    problem = serializers.ChoiceField(
        list(COUPON_REFUSALS), allow_null=True, help_text="Why it takes nothing off; null: it does."
    )


@extend_schema_field({"type": "string", "nullable": True})  # as v1 has promised of the total
class PartField(serializers.Field[Any, Any, Any, Any]):
    """One amount of the whole: what the cart's quote has under the same name."""

    def __init__(self, help_text: str = "") -> None:
        super().__init__(read_only=True, allow_null=True, help_text=help_text)

    def get_attribute(self, instance: Any) -> Decimal | None:
        """Null when the lines are of several currencies, which have no sum."""
        parent: Any = self.parent
        return getattr(parent.estimate.quote, str(self.field_name), None)

    def to_representation(self, value: Decimal | None) -> str | None:
        """As a text with two places."""
        return None if value is None else str(value)


class CartSerializer(Priced, serializers.ModelSerializer[Cart]):
    """A cart; `total` is what it would cost now, sent to `shipping_country`; the order decides. Lines of two currencies
    have no sum.
    """

    money = ("subtotal", "discount", "shipping", "tax", "total")
    lines = CartLineSerializer(many=True)
    subtotal = PartField("Sum of the lines.")
    discount = PartField("What the coupon takes off.")
    shipping = PartField("What it costs to send, by weight and country.")
    tax = PartField("How much of the total is tax.")
    total = PartField("Subtotal, less the discount, with shipping.")
    currency = serializers.SerializerMethodField()
    shipping_country = serializers.SerializerMethodField()
    coupon = serializers.SerializerMethodField()
    _links = LinksField(lambda guide, cart: of_cart(guide, has_lines=bool(cart.lines.all())))
    estimate: Estimate

    class Meta:
        model = Cart
        fields = [
            "lines", "total", "currency", "subtotal", "discount", "shipping", "tax", "shipping_country", "coupon",
            "_links",
        ]  # fmt: skip

    def to_representation(self, instance: Cart) -> dict[str, Any]:
        """Add it up once for all its parts."""
        items = [line.as_item() for line in instance.lines.all()]
        self.estimate = estimate(items, instance.coupon, country=self.country)
        return super().to_representation(instance)

    @property
    def country(self) -> str:
        """Where it would be sent."""
        return str(self.context.get("country", HOME_COUNTRY))

    def get_currency(self, cart: Cart) -> str | None:
        """What the amounts are in; null when there are several currencies, or no lines."""
        quote = self.estimate.quote
        return quote.currency or None if quote else None

    def get_shipping_country(self, cart: Cart) -> str:
        """Where it would be sent: what `country` asks for, else the country of the shop."""
        return self.country

    @extend_schema_field(CartCouponSerializer(allow_null=True))
    def get_coupon(self, cart: Cart) -> dict[str, str | None] | None:
        """The coupon that lies on the cart; null for none."""
        return {"code": cart.coupon.code, "problem": self.estimate.problem or None} if cart.coupon else None

    def currency_of(self, row: Cart) -> str | None:
        """The total's."""
        return self.get_currency(row)
