"""Names this package to Django."""

import logging

from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class WiringConfig(AppConfig):
    """Settings, URLs, problems: no models."""

    name = "config"
    label = "wiring"

    def ready(self) -> None:
        """Have warnings logged, and let the roles follow their table after every migration.

        The apps are told in the order of INSTALLED_APPS, and each then gets its permissions. The sessions' turn comes
        after all whose permissions a role may name.
        """
        logging.captureWarnings(True)  # a warning is a line like any other, not three lines of text
        from accounts import roles  # noqa: PLC0415 - models exist from now on, not before
        from config.browsers.admin_path import stands_by_itself  # noqa: PLC0415 - it reads the settings

        register(stands_by_itself, Tags.security, deploy=True)

        post_migrate.connect(roles.sync, sender=apps.get_app_config("sessions"))
