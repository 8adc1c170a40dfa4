"""The catalogue in the admin. Stock is shown, not typed over: it changes by deliveries and counts alone.

Roadmap: commerce/inventory
"""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from shop import reviews
from shop.models import Category, Product, Reservation, Review, Stock, StockEntry


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Shelves."""

    list_display = ("name", "slug", "parent", "position")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Products with their stock beside them."""

    list_display = ("sku", "name", "price", "currency", "on_hand", "reserved", "is_listed")
    list_filter = ("is_listed", "category")
    list_select_related = ("stock",)
    search_fields = ("sku", "name")
    show_full_result_count = False  # counting a million products would be the slowest thing on the page

    @admin.display
    def on_hand(self, product: Product) -> int:
        """Units on the shelf."""
        return product.stock.on_hand if hasattr(product, "stock") else 0

    @admin.display
    def reserved(self, product: Product) -> int:
        """Units promised to open orders."""
        return product.stock.reserved if hasattr(product, "stock") else 0


class ReadOnlyAdmin(admin.ModelAdmin):
    """What only the code may write: shown, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(Stock)
class StockAdmin(ReadOnlyAdmin):
    """The shelf, row by row."""

    list_display = ("product", "on_hand", "reserved")
    list_select_related = ("product",)
    search_fields = ("product__sku",)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """What warehouses have set aside, what ends last first."""

    list_display = ("key", "owner", "state", "created_at", "expires_at", "ended_at")
    list_select_related = ("owner",)
    list_filter = ("state",)
    search_fields = ("=key", "lines__product__sku")
    ordering = ("-expires_at", "-id")


@admin.register(StockEntry)
class StockEntryAdmin(ReadOnlyAdmin):
    """The ledger, newest first."""

    list_display = ("at", "product", "kind", "quantity", "reference")
    list_select_related = ("product",)
    list_filter = ("kind",)
    search_fields = ("reference", "product__sku")
    ordering = ("-id",)


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What buyers say, newest first. Nobody changes their words; the staff may hide them."""

    list_display = ("created_at", "product", "rating", "text", "is_hidden")
    list_select_related = ("product",)
    list_filter = ("is_hidden", "rating")
    search_fields = ("product__sku", "text")
    actions = ("hide", "show")

    @admin.action(description="Hide the selected reviews", permissions=["hide"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """Take them out of sight and out of the ratings."""
        for review in queryset:
            reviews.hide(review)
        self.message_user(request, "The reviews are hidden.", messages.SUCCESS)

    @admin.action(description="Show the selected reviews again", permissions=["show"])
    def show(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """Let everybody see them again."""
        for review in queryset:
            reviews.show(review)
        self.message_user(request, "The reviews are shown again.", messages.SUCCESS)

    def has_hide_permission(self, request: HttpRequest) -> bool:
        """Support and managers."""
        return request.user.has_perm("shop.hide_review")

    has_show_permission = has_hide_permission
