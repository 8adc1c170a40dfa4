"""Where carts, orders, what buyers say, and the login that brings a cart along live under /api/v1/.

Roadmap: frameworks/routing
"""

from django.urls import path

from orders.imports import views as imports
from orders.views import carts, fulfilments, orders, personal, reviews, stock, webhooks
from orders.webhooks import views as listening

urlpatterns = [
    path("auth/token/", carts.LogInWithCart.as_view(), name="log-in"),
    path("auth/registrations/confirmation/", carts.RegisterWithCart.as_view(), name="confirm-registration"),
    path("account/export/", personal.Export.as_view(), name="export"),
    path("cart/", carts.CartDetail.as_view(), name="cart"),
    path("cart/coupon/", carts.CartCoupon.as_view(), name="cart-coupon"),
    path("cart/lines/", carts.CartLines.as_view(), name="cart-lines"),
    path("cart/lines/<uuid:line_id>/", carts.CartLineDetail.as_view(), name="cart-line"),
    path("orders/", orders.Orders.as_view(), name="orders"),
    path("orders/<str:number>/", orders.OrderDetail.as_view(), name="order"),
    path("orders/<str:number>/cancellation/", orders.Cancellation.as_view(), name="cancellation"),
    path("orders/<str:number>/refunds/", orders.Refunds.as_view(), name="refunds"),
    path("products/<slug:slug>/reviews/", reviews.ProductReviews.as_view(), name="reviews"),
    path("products/<slug:slug>/reviews/<uuid:id>/", reviews.ReviewDetail.as_view(), name="review"),
    path("products/<slug:slug>/reviews/<uuid:id>/hiding/", reviews.ReviewHiding.as_view(), name="review-hiding"),
    path("orders/<str:number>/fulfilments/", fulfilments.Fulfilments.as_view(), name="fulfilments"),
    path("orders/<str:number>/fulfilments/<uuid:id>/", fulfilments.FulfilmentDetail.as_view(), name="fulfilment"),
    path("orders/<str:number>/fulfilments/<uuid:id>/shipment/", fulfilments.Shipment.as_view(), name="shipment"),
    path("orders/<str:number>/fulfilments/<uuid:id>/delivery/", fulfilments.Delivery.as_view(), name="delivery"),
    path("products/<slug:slug>/stock/", stock.StockDetail.as_view(), name="stock"),
    path("products/<slug:slug>/stock/entries/", stock.StockEntries.as_view(), name="stock-entries"),
    path("products/<slug:slug>/stock/receipts/", stock.Receipts.as_view(), name="stock-receipts"),
    path("products/<slug:slug>/stock/corrections/", stock.Corrections.as_view(), name="stock-corrections"),
    path("stock/imports/", imports.Imports.as_view(), name="stock-imports"),
    path("stock/imports/<uuid:id>/", imports.ImportDetail.as_view(), name="stock-import"),
    path("stock/imports/<uuid:id>/refusals/", imports.Refusals.as_view(), name="stock-import-refusals"),
    path("webhooks/subscriptions/", listening.Subscriptions.as_view(), name="webhook-subscriptions"),
    path("webhooks/subscriptions/<uuid:id>/", listening.SubscriptionDetail.as_view(), name="webhook-subscription"),
    path("webhooks/subscriptions/<uuid:id>/rotation/", listening.SecretRotation.as_view(), name="webhook-rotation"),
    path("webhooks/subscriptions/<uuid:id>/deliveries/", listening.Deliveries.as_view(), name="webhook-deliveries"),
    path(
        "webhooks/subscriptions/<uuid:id>/deliveries/<uuid:delivery_id>/replay/",
        listening.Replay.as_view(),
        name="webhook-replay",
    ),
    path("webhooks/payments/", webhooks.PaymentWebhook.as_view(), name="payment-webhook"),
]
