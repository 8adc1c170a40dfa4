"""Names this package to Django."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Buying."""

    name = "orders"
