"""Orders, payments and messages in the admin: to look at, and to replay what died.

Roadmap: messaging/dead-letter-queue
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from orders import outbox
from orders.models import (
    Coupon,
    Fulfilment,
    Order,
    OrderEvent,
    OrderLine,
    OutboxMessage,
    Payment,
    Refund,
    WebhookDelivery,
    WebhookEvent,
    WebhookSubscription,
)
from orders.webhooks import deliveries
from shop.admin import ReadOnlyAdmin


class ReadOnlyInline(admin.TabularInline):
    """Rows of an order, shown with it."""

    extra = 0
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody adds rows by hand."""
        return False


class LinesInline(ReadOnlyInline):
    """What was bought."""

    model = OrderLine
    # Not the product itself: showing its name would cost a query for each line.
    fields = ("sku", "name", "unit_price", "quantity", "line_total")


class EventsInline(ReadOnlyInline):
    """What happened."""

    model = OrderEvent
    fields = ("sequence", "type", "details", "at")


class RefundsInline(ReadOnlyInline):
    """What was given back."""

    model = Refund


class FulfilmentInline(ReadOnlyInline):
    """Where the parcel is."""

    model = Fulfilment


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, newest first."""

    list_display = ("number", "buyer", "status", "total", "currency", "placed_at")
    list_select_related = ("buyer",)
    list_filter = ("status",)
    search_fields = ("number", "buyer__email")
    ordering = ("-id",)
    inlines = (LinesInline, FulfilmentInline, EventsInline)


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    """Coupons. What one takes off is typed once, since orders are priced by it; its end and its limit may change."""

    list_display = ("code", "kind", "value", "currency", "starts_at", "ends_at", "uses", "uses_limit")
    list_filter = ("kind",)
    search_fields = ("code",)
    fields = ("code", "kind", "value", "currency", "ends_at", "uses_limit", "uses")

    def get_readonly_fields(self, request: HttpRequest, obj: Coupon | None = None) -> tuple[str, ...]:
        """The count is the code's, never typed."""
        return ("code", "kind", "value", "currency", "uses") if obj else ("uses",)

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        """Write what was typed and leave the count alone: orders may have moved it since the form was shown."""
        obj.save(update_fields=form.changed_data if change else None)


@admin.register(Fulfilment)
class FulfilmentAdmin(ReadOnlyAdmin):
    """Parcels, newest first: to find an order by what a buyer reads off the label."""

    list_display = ("order", "status", "carrier", "tracking_number", "packed_at", "shipped_at", "delivered_at")
    list_select_related = ("order",)
    list_filter = ("status", "carrier")
    search_fields = ("order__number", "tracking_number")
    ordering = ("-packed_at",)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments, newest first."""

    list_display = ("order", "status", "amount", "refunded_amount", "currency", "provider_id")
    list_select_related = ("order",)
    list_filter = ("status",)
    search_fields = ("order__number", "provider_id")
    ordering = ("-created_at",)
    inlines = (RefundsInline,)


@admin.register(OutboxMessage)
class OutboxAdmin(ReadOnlyAdmin):
    """Messages; those that died can be given a new life."""

    list_display = ("created_at", "topic", "payload", "attempts", "done_at", "dead_at", "error")
    list_filter = ("topic", ("dead_at", admin.EmptyFieldListFilter), ("done_at", admin.EmptyFieldListFilter))
    ordering = ("-created_at",)
    actions = ("replay",)

    @admin.action(description="Replay the selected dead messages", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Let the relay publish them again, from the first attempt."""
        revived = outbox.replay(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{revived} messages will be tried again.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """To look at messages is not enough: a replay moves money and sends letters."""
        return request.user.has_perm("orders.change_outboxmessage")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """What the payment provider told us."""

    list_display = ("received_at", "type", "provider_event_id")
    list_filter = ("type",)
    ordering = ("-received_at",)


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ReadOnlyAdmin):
    """Merchants' systems that listen; changed by the API, where an address is looked at first."""

    list_display = ("url", "events", "owner", "created_at", "disabled_at")
    list_select_related = ("owner",)
    ordering = ("-created_at",)
    exclude = ("secret", "old_secret")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What was or is to be sent to them."""

    list_display = ("created_at", "type", "subscription", "status", "attempts", "answered", "error")
    list_select_related = ("subscription",)
    list_filter = ("status", "type")
    ordering = ("-created_at",)
    actions = ("replay",)

    @admin.action(description="Send the selected deliveries again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Under the ids that they had."""
        for delivery in queryset:
            deliveries.replay(delivery)
        self.message_user(request, f"{len(queryset)} deliveries will be sent again.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """To look at deliveries is not enough."""
        return request.user.has_perm("orders.change_webhookdelivery")
