"""Names this package to Django."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    """Settings, URLs, problems: no models."""

    name = "config"
    label = "wiring"
