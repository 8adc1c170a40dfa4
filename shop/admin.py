"""The catalogue in the admin. Stock is shown, not typed over: it changes by deliveries and counts alone.

Roadmap: commerce/inventory
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import CharField, HiddenInput, ModelForm
from django.http import HttpRequest

from accounts.errors import ChangedMeanwhile
from accounts.preconditions.versions import require, version_of
from shop import assortment, categories, reviews, switches
from shop.cache.changes import product_changed
from shop.errors import CategoryInItself
from shop.models import Category, Product, Reservation, Review, Stock, StockEntry, Switch
from shop.visibility.sight import INSIDE, sight_of


class SeenForm(ModelForm):
    """Says of which version of the row it was made. It saves all that it shows, so it would put back what it showed
    before somebody else changed it.
    """

    version = CharField(required=False, widget=HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = version_of(self.instance)

    def clean(self) -> None:
        """Raise ValidationError unless the row is as it was shown."""
        if self.instance.pk:
            try:
                require(frozenset({self.cleaned_data.get("version", "")}), self.locked())
            except ChangedMeanwhile as refusal:
                raise ValidationError(str(refusal)) from refusal

    def locked(self) -> Model:
        """Return the row as it stands now, and for as long as the form is being saved."""
        return self._meta.model._base_manager.select_for_update(no_key=True).get(pk=self.instance.pk)


class KeptNames(admin.ModelAdmin):
    """What is added and changed by the functions that the API calls. Names that it keeps for ever are typed once."""

    kept: tuple[str, ...] = ("slug",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look at the row changes no version of it."""
        is_changed = obj and self.has_change_permission(request, obj)
        return [name for name in super().get_fields(request, obj) if is_changed or name != "version"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Labels in the warehouse and links all over the world have them."""
        return self.kept if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Suggest the slug of what is new."""
        return {} if obj else {"slug": ("name",)}

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete each by itself: the cache has to hear of it."""
        for row in queryset:
            self.delete_model(request, row)


class CategoryForm(SeenForm):
    """Says beside the field what `shop.categories.change` would refuse under the lock."""

    def clean_parent(self) -> Category | None:
        """Raise ValidationError for a shelf that stands in this one."""
        parent = self.cleaned_data["parent"]
        if parent and self.instance.pk and parent.pk in Category.objects.at_or_below(self.instance.slug):
            raise ValidationError(str(CategoryInItself()))
        return parent

    def locked(self) -> Model:
        """The tree first, as whoever moves a shelf locks it."""
        categories.lock_tree()
        return super().locked()


@admin.register(Category)
class CategoryAdmin(KeptNames):
    """Shelves."""

    list_display = ("name", "slug", "parent", "position")
    form = CategoryForm

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Put the shelf up or change it."""
        parent = form.cleaned_data["parent"]
        fields = form.cleaned_data | {"parent": parent.slug if parent else None}
        seen = frozenset({fields.pop("version")})
        if change:
            categories.change(obj.slug, expected=seen, **fields)
        else:
            obj.pk = categories.add(**fields).pk

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        """Take the shelf down; what stands in it was asked for on the page before."""
        categories.remove(obj.slug, expected=None)


@admin.register(Product)
class ProductAdmin(KeptNames):
    """Products with their stock beside them."""

    form = SeenForm
    kept = ("sku", "slug")
    exclude = ("created_at",)  # PostgreSQL says when; a form would ask for it

    list_display = ("sku", "name", "price", "currency", "on_hand", "reserved", "is_listed")
    list_filter = ("is_listed", "category")
    list_select_related = ("stock",)
    search_fields = ("sku", "name")
    show_full_result_count = False  # counting a million products would be the slowest thing on the page

    def get_exclude(self, request: HttpRequest, obj: Product | None = None) -> Any:
        """Leave out what only some of the house may see."""
        return self.exclude if sight_of(request.user).is_inside else (*self.exclude, *INSIDE)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to narrow the list by what one may not see: `?cost__gte=40` would tell it in a dozen questions."""
        is_hidden = not sight_of(request.user).is_inside and not set(INSIDE).isdisjoint(lookup.split("__"))
        return not is_hidden and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """Add the product or change it."""
        fields = form.cleaned_data | {"category": form.cleaned_data["category"].slug}
        seen = frozenset({fields.pop("version")})
        if change:
            assortment.change(obj.slug, expected=seen, **fields)
        else:
            obj.pk = assortment.add(**fields).pk

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        """Delete what nobody has ever delivered or bought; no role may, only who may everything."""
        product_id = obj.pk
        super().delete_model(request, obj)
        product_changed(product_id)

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


@admin.register(Switch)
class SwitchAdmin(admin.ModelAdmin):
    """What may be turned off while the shop runs; every process has heard of it after some seconds."""

    list_display = ("name", "is_on", "note", "changed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Switch | None = None) -> tuple[str, ...]:
        """Only what the switch says is changed, never which one it is."""
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Switch, form: ModelForm, change: bool) -> None:
        """Turn it, for this process at once."""
        super().save_model(request, obj, form, change)
        switches.forget()
