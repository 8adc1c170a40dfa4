"""The shape of orders as clients see them, and what a request must look like: no rules, no writes. `carts.py` has the
shape of carts.

Roadmap: api/request-response-validation, security/input-validation
"""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.hypermedia import LinksField
from accounts.models import User
from accounts.serializers.account import ExportSerializer
from accounts.serializers.addresses import AddressSerializer
from accounts.serializers.strict import IdField, RequestSerializer, TextField
from orders.hypermedia import of_order
from orders.models import CartLine, Fulfilment, Order, OrderEvent, OrderLine, Payment, Refund
from orders.serializers.carts import CartLineSerializer
from shop.money.shapes import Priced
from shop.serializers import OwnReviewSerializer


class PlaceOrderSerializer(RequestSerializer):
    """The press of the button. Prices are not asked for: the server knows them."""

    payment_method = serializers.RegexField(
        r"^pm_[A-Za-z0-9_]{1,90}$",
        help_text="The provider's token of a card, such as pm_card_visa; never a card number.",
    )
    shipping_address = AddressSerializer(required=False, help_text="Either this, or `address`.")
    address = IdField(
        required=False, help_text="One that the account keeps, in the place of `shipping_address`; the order copies it."
    )

    # No default: what is left out is no part of the request's fingerprint, which thus is what it always was.
    if_coupon_fails = serializers.ChoiceField(
        ["refuse", "continue"], required=False,
        help_text="What becomes of the purchase when the coupon of the cart is over or used up by then: refused, as if "
        "this is left out, or made at the price without it.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise ValidationError unless exactly one of the two says where the goods go."""
        if "address" in attrs and "shipping_address" in attrs:
            raise serializers.ValidationError({"address": ["Send this or shipping_address, not both."]})
        if "address" not in attrs and "shipping_address" not in attrs:
            raise serializers.ValidationError({"shipping_address": ["Send this, or address."]})
        return attrs


class OrderLineSerializer(Priced, serializers.ModelSerializer[OrderLine]):
    """One line, at the price it was bought for."""

    money = ("unit_price", "line_total")

    class Meta:
        model = OrderLine
        fields = ["sku", "name", "unit_price", "quantity", "line_total"]

    def currency_of(self, row: OrderLine) -> str:
        """The order's, which every line read through it has at hand."""
        return row.order.currency


class PaymentSerializer(Priced, serializers.ModelSerializer[Payment]):
    """The payment of an order."""

    money = ("amount", "refunded_amount")

    class Meta:
        model = Payment
        fields = ["status", "amount", "currency", "refunded_amount", "decline_reason"]


class OrderSummarySerializer(Priced, serializers.ModelSerializer[Order]):
    """An order in a list; its lines and its payment for who asks for them by `include`."""

    money = ("total",)
    lines = OrderLineSerializer(many=True, source="known_lines", required=False)
    payment = PaymentSerializer(required=False)
    _links = LinksField(of_order)

    class Meta:
        model = Order
        fields = ["number", "status", "currency", "total", "placed_at", "_links", "lines", "payment"]


class TaxSerializer(Priced, serializers.Serializer[Any]):
    """The tax of one rate."""

    money = ("gross", "amount")
    rate = serializers.CharField(help_text="In hundredths: 19 is 19 %.")
    gross = serializers.DecimalField(12, 2, help_text="What was paid at this rate, tax included.")
    amount = serializers.DecimalField(12, 2, help_text="How much of that is tax.")


class OrderSerializer(Priced, serializers.ModelSerializer[Order]):
    """An order as the purchase answers it. Subtotal, less discount, with shipping is the total; the tax is in it."""

    money = ("subtotal", "discount", "shipping", "tax", "total")
    subtotal = serializers.DecimalField(12, 2)
    tax = serializers.SerializerMethodField(allow_null=True)
    taxes = TaxSerializer(many=True, source="tax_rows", allow_null=True)
    coupon = serializers.CharField(source="coupon_code", help_text="The code that the discount came from, or empty.")
    lines = OrderLineSerializer(many=True, source="known_lines")
    payment = PaymentSerializer()
    shipping_address = AddressSerializer()
    _links = LinksField(of_order)

    class Meta:
        model = Order
        fields = [
            "number", "status", "currency", "total", "placed_at", "_links", "reserved_until", "shipping_address",
            "lines", "payment", "subtotal", "discount", "shipping", "tax", "taxes", "coupon",
        ]  # fmt: skip

    def get_tax(self, order: Order) -> str | None:
        """How much of the total is tax; null for an order from before that was kept."""
        return None if order.tax is None else str(order.tax)


class ExportedOrderSerializer(OrderSerializer):
    """An order to take along: it leads nowhere from there."""

    _links = None  # type: ignore[assignment] # DRF's way to leave out an inherited field

    class Meta(OrderSerializer.Meta):
        fields = [name for name in OrderSerializer.Meta.fields if name != "_links"]


class FullExportSerializer(ExportSerializer):
    """All that is known here of one person, with what they bought, were about to buy, and said of it."""

    orders = serializers.SerializerMethodField()
    cart = serializers.SerializerMethodField()
    reviews = serializers.SerializerMethodField()

    @extend_schema_field(ExportedOrderSerializer(many=True))
    def get_orders(self, user: User) -> Any:
        """Whole orders, in three queries however many there are."""
        return ExportedOrderSerializer(user.orders.with_details(), many=True, context=self.context).data

    @extend_schema_field(CartLineSerializer(many=True))
    def get_cart(self, user: User) -> Any:
        """The lines of the cart."""
        lines = CartLine.objects.filter(cart__user=user).select_related("product")
        return CartLineSerializer(lines, many=True, context=self.context).data

    @extend_schema_field(OwnReviewSerializer(many=True))
    def get_reviews(self, user: User) -> Any:
        """Hidden ones, too."""
        return OwnReviewSerializer(user.reviews.select_related("product"), many=True).data


class RefundSerializer(Priced, serializers.ModelSerializer[Refund]):
    """Money given back, or on its way."""

    money = ("amount",)

    class Meta:
        model = Refund
        fields = ["id", "amount", "reason", "status", "created_at"]

    def currency_of(self, row: Refund) -> str:
        """The payment's, through which it was read or written."""
        return row.payment.currency


class OrderEventSerializer(serializers.ModelSerializer[OrderEvent]):
    """One thing that happened to the order."""

    class Meta:
        model = OrderEvent
        fields = ["sequence", "type", "at"]


class FulfilmentSerializer(serializers.ModelSerializer[Fulfilment]):
    """A parcel: where it is, and under which number its carrier knows it."""

    class Meta:
        model = Fulfilment
        fields = ["id", "status", "carrier", "tracking_number", "packed_at", "shipped_at", "delivered_at"]


class ShipSerializer(RequestSerializer):
    """Hand a parcel to a carrier."""

    carrier = TextField(max_length=40, help_text="Such as DHL.")
    tracking_number = serializers.RegexField(
        r"^[A-Za-z0-9-]{4,60}$", help_text="As it stands on the label; the buyer gets it by mail."
    )


class OrderDetailSerializer(OrderSerializer):
    """An order with everything that happened to it."""

    fulfilments = FulfilmentSerializer(many=True)
    events = OrderEventSerializer(many=True)
    refunds = RefundSerializer(many=True, source="payment.refunds")

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "refunds", "fulfilments", "events"]


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^(?!0*\.?0*$)[0-9]{1,10}(\.[0-9]{1,2})?$"})
class RefundedAmount(serializers.DecimalField):
    """At least a cent; the document says so, too."""


class AskRefundSerializer(Priced, RequestSerializer):
    """Give back part of the payment, or all that is left of it."""

    money = ("amount",)
    amount = RefundedAmount(12, 2, min_value=Decimal("0.01"), required=False, help_text="Left out: all that is left.")
    reason = TextField(max_length=200, required=False, default="", allow_blank=True)
