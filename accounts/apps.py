"""Names this package to Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and how they log in."""

    name = "accounts"
