"""Names this package to Django."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """What is for sale."""

    name = "shop"
