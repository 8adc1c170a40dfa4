"""A cart and its lines: what somebody means to buy, at no promise of stock or price.

Roadmap: databases/keys
"""

from decimal import Decimal
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orders.models.coupon import Coupon
from orders.pricing.lines import Item, breaks, price_of_one
from shop.models import Product

#: Units of one product in one cart. A shop that sells by the pallet raises it here and in the constraint.
MOST_UNITS = 99
#: Lines of one cart.
MOST_LINES = 100


class Cart(models.Model):
    """Belongs to a user or to whoever holds the token; only the token's digest is kept, as with a password."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="cart")
    token_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)  # unique or absent
    # Indexed for SET_NULL alone, when a coupon that no order ever used is deleted; nearly all carts have none.
    coupon = models.ForeignKey(Coupon, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, token_digest__isnull=True)
                | Q(user__isnull=True, token_digest__isnull=False),
                name="cart_has_one_owner",
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(user=None), name="guest_carts_by_age"),
            models.Index(fields=["coupon"], condition=Q(coupon__isnull=False), name="carts_with_a_coupon"),
        ]

    def __str__(self) -> str:
        return f"Cart {self.pk}"


class CartLine(models.Model):
    """Some units of one product; a product stands in a cart once."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # Where a foreign key has no index of its own, a unique constraint or index of the table begins with it.
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MOST_UNITS)])
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "product"], name="product_stands_in_a_cart_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_UNITS), name="cart_quantity_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"

    def as_item(self) -> Item:
        """Return what pricing takes, at the price of whose cart it is; asks no query where product and owner were read
        along.
        """
        product = self.product
        return Item(
            product_id=product.pk,
            sku=product.sku,
            name=product.name,
            price=product.price_for(self.cart.user),
            currency=product.currency,
            is_listed=product.is_listed,
            quantity=self.quantity,
            breaks=breaks(product.bulk_from, product.bulk_prices),
            tax_class=product.tax_class,
            weight_g=product.weight_g,
        )

    @property
    def unit_price(self) -> Decimal:
        """What one unit costs now, for who takes so many."""
        return price_of_one(self.as_item())
