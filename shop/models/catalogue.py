"""What is for sale: a tree of categories, products, their stock, and the ledger of every unit that came or went.

    Category ─┬─ Product ── Stock (on_hand, reserved)      available = on_hand - reserved
              └─ Category    ├── StockEntry, StockEntry, …     sum(quantity) = on_hand, always
                             └── ReservationLine ── Reservation     what a warehouse holds of `reserved`

Stock and ledger are written by `shop/stock.py`, and for products just invented by `shop/catalogue/bulk.py`. The
constraints below refuse what a bug there would do.

Roadmap: databases/relational-model, databases/keys, databases/data-types, databases/schema-design
"""

from decimal import Decimal
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Least, Now

from shop.money.tax_classes import TaxClass

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class CategoryQuerySet(models.QuerySet["Category"]):
    """Categories, read as a tree."""

    def at_or_below(self, slug: str) -> list[int]:
        """Return the ids of this category and of all below it; empty for none. One query: the tree is small."""
        rows = list(self.values_list("id", "parent_id", "slug"))
        found = [id_ for id_, _, its_slug in rows if its_slug == slug]
        for parent in found:  # grows while it is walked: breadth first
            # `not in found`: two shelves that stand in each other must not send the reader round for ever
            found.extend([id_ for id_, parent_id, _ in rows if parent_id == parent and id_ not in found])
        return found


class Category(models.Model):
    """A shelf of the shop; shelves stand in other shelves."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="category_is_not_its_own_parent")]

    def __str__(self) -> str:
        return self.name


#: The lower of the two; PostgreSQL leaves out the one that is empty. What business customers pay and order by.
TRADE = Least("price", "trade_price")


class ProductQuerySet(models.QuerySet["Product"]):
    """The reads that every protocol shares; each narrows, none changes what the others mean.

    Roadmap: orm/what-is-an-orm
    """

    def listed(self) -> "ProductQuerySet":
        """Only what buyers may see."""
        return self.filter(is_listed=True)

    def in_stock(self) -> "ProductQuerySet":
        """Only what at least one unit of can be bought now."""
        return self.filter(stock__on_hand__gt=F("stock__reserved"))

    def below(self, slug: str) -> "ProductQuerySet":
        """Only this category and the categories under it; nothing for an unknown slug."""
        return self.filter(category__in=Category.objects.at_or_below(slug))

    def priced_for(self, buyer: object) -> "ProductQuerySet":
        """Each with `own_price`, what one unit costs this buyer; what they order by and narrow by is what they see."""
        return self.annotate(own_price=TRADE if getattr(buyer, "pays_trade_prices", False) else F("price"))

    def matching(self, words: str) -> "ProductQuerySet":
        """Only products whose name or description holds the words (English stems; quotes, "or" and minus work).

        Roadmap: security/sql-injection
        """
        return self.filter(search_vector=SearchQuery(words, config="english", search_type="websearch"))


class Currency(models.TextChoices):
    """What a price may be in: only currencies with two decimals. The yen has none and the dinar three, and both would
    be charged a hundredfold or a tenth (`shop.money.units.minor_units`).
    """

    CHF = "CHF", "CHF"
    DKK = "DKK", "DKK"
    EUR = "EUR", "EUR"
    GBP = "GBP", "GBP"
    NOK = "NOK", "NOK"
    PLN = "PLN", "PLN"
    SEK = "SEK", "SEK"
    USD = "USD", "USD"


#: No quantity prices; PostgreSQL itself puts it in, so that a version of the shop that knows none can add products.
NONE = RawSQL("'{}'", ())


class Product(models.Model):
    """Something with a price. `attributes` holds what only some products have: material, size, colour."""

    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    sku = models.CharField("SKU", max_length=40, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=160)
    description = models.TextField()
    price = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, choices=Currency, default=Currency.EUR)
    # Both in the product's currency; empty: there is none. Who may see which, `shop/visibility/` says.
    trade_price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text="What approved business customers pay for one, where it is less than the price.",
    )  # fmt: skip
    cost = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text="What one costs the house. No customer ever sees it.",
    )  # fmt: skip
    # Quantity prices, in two columns that are read side by side: of so many units on, each costs this much. In the row
    # itself, since whoever reads the price needs them, and nobody ever looks for one by itself.
    bulk_from = ArrayField(
        models.PositiveIntegerField(validators=[MinValueValidator(2)]), blank=True, default=list, db_default=NONE,
        help_text="Units from which the prices beside hold, such as 10,50."
    )  # fmt: skip
    bulk_prices = ArrayField(
        models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)]), blank=True,
        default=list, db_default=NONE, help_text="What one unit costs then, such as 9.50,8.00.",
    )  # fmt: skip
    tax_class = models.CharField(max_length=8, choices=TaxClass, default=TaxClass.STANDARD, db_default="standard")
    weight_g = models.IntegerField(
        "weight in grams", default=0, db_default=0, validators=[MinValueValidator(0)],
        help_text="As it is sent. 0: it costs nothing to send.",
    )  # fmt: skip
    attributes = models.JSONField(default=dict, blank=True)
    is_listed = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)
    search_vector = models.GeneratedField(
        expression=SearchVector("name", weight="A", config="english")
        + SearchVector("description", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        """What the table refuses, and what its lists are found by.

        Roadmap: databases/indexes
        """

        permissions = [("view_product_cost", "Can see what products cost the house, and their trade prices")]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="price_is_not_negative"),
            models.CheckConstraint(condition=Q(trade_price__gte=0), name="trade_price_is_not_negative"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="cost_is_not_negative"),
            models.CheckConstraint(condition=Q(currency__in=Currency.values), name="currency_has_two_decimals"),
            models.CheckConstraint(
                condition=Q(bulk_from__len=F("bulk_prices__len")), name="quantity_price_has_its_quantity"
            ),
            models.CheckConstraint(condition=Q(weight_g__gte=0), name="weight_is_not_negative"),
        ]
        indexes = [
            # Each serves one ordering of the product list; the id breaks ties, so that a cursor never skips a product.
            models.Index(fields=["name", "id"], condition=Q(is_listed=True), name="listed_by_name"),
            models.Index(fields=["price", "id"], condition=Q(is_listed=True), name="listed_by_price"),
            models.Index(TRADE, F("id"), condition=Q(is_listed=True), name="listed_by_trade_price"),
            models.Index(fields=["created_at", "id"], condition=Q(is_listed=True), name="listed_by_age"),
            GinIndex(fields=["search_vector"], name="product_search"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def price_for(self, buyer: object) -> Decimal:
        """What one unit costs this buyer: a user, or whatever stands for a guest. Asks no query."""
        if self.trade_price is not None and getattr(buyer, "pays_trade_prices", False):
            return min(self.price, self.trade_price)
        return self.price

    def is_visible_to(self, user: "User | AnonymousUser") -> bool:
        """Everybody sees what is listed, and staff the rest. The role is asked only where it matters."""
        return self.is_listed or bool(user.is_authenticated and user.is_staff and user.has_perm("shop.view_product"))

    @property
    def shelf(self) -> "Stock":
        """What stands there; nothing before the first delivery. Asks no query where the stock was read along."""
        return self.stock if hasattr(self, "stock") else Stock(product=self)


#: Advisory locks, each held by a process that watches the stock (`shop/watch.py`).
SEATS, SEAT_COUNT = 0x5EA7, 4
# While nobody watches, all can be shared and nobody is told: NOTIFY makes commits queue up one behind the other.
# A list too long for one bell (8,000 bytes) is left out, and means: perhaps all.
RING = f"""
IF {" AND ".join(f"pg_try_advisory_xact_lock_shared({SEATS}, {seat})" for seat in range(SEAT_COUNT))} THEN
    RETURN NULL;
END IF;
PERFORM pg_notify('stock', CASE WHEN count(*) <= 200 THEN string_agg(product_id::text, ',') ELSE '' END)
FROM changed HAVING count(*) > 0;
RETURN NULL;
"""


class Stock(models.Model):
    """How many units of one product stand on the shelf, and how many of those are promised to open orders."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock"
        constraints = [
            # The wall behind every lock: whatever Python does, PostgreSQL sells no unit twice.
            models.CheckConstraint(
                condition=Q(reserved__gte=0) & Q(reserved__lte=F("on_hand")), name="reserved_is_on_hand"
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="ring_for_watchers",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(new="changed"),
                func=RING,
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.on_hand} on hand, {self.reserved} reserved"

    @property
    def available(self) -> int:
        """Units that can be bought now."""
        return self.on_hand - self.reserved


class StockEntry(models.Model):
    """One line of the stock ledger. Written once: a trigger refuses to change or delete it, even from psql."""

    class Kind(models.TextChoices):
        """Why units came or went."""

        RECEIVED = "received"
        SOLD = "sold"
        RETURNED = "returned"
        CORRECTED = "corrected"

    product = models.ForeignKey(Product, models.PROTECT, related_name="stock_entries", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.IntegerField(help_text="Units that came (above 0) or went (below 0).")
    reference = models.CharField(max_length=80, help_text="Order number, delivery note, or the reason of a correction.")
    source = models.UUIDField(null=True, blank=True, help_text="The list of deliveries that it came by, if it did.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "stock entries"
        indexes = [models.Index(fields=["product", "-id"], name="ledger_of_one")]  # of one product, the newest first
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="entry_moves_something")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d} ({self.reference})"
