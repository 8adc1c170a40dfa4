"""What drf-spectacular is told: how the API document is called, and the names of what it cannot name by itself.

Roadmap: api/openapi-documentation
"""

from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Roadmap Shop API",
    "DESCRIPTION": "The reference shop: browse, fill a cart, press buy. Every error is an RFC 9457 problem.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.samples.add_problems",
        "config.openapi.versions.introduce",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # our one PATCH changes one thing, and that must be said
    "ENUM_NAME_OVERRIDES": {
        "SecurityEventKind": "accounts.models.events.SecurityEvent.Kind",
        "LoginKind": "accounts.models.tokens.LoginKind",
        "FulfilmentStatus": "orders.states.FulfilmentStatus",
        "OrderStatus": "orders.states.OrderStatus",
        "PaymentStatus": "orders.states.PaymentStatus",
        "RefundStatus": "orders.states.RefundStatus",
        "WebhookKind": "orders.models.webhooks.WebhookKind",
        "WebhookDeliveryStatus": "orders.models.webhooks.WebhookDelivery.Status",
    },
}
