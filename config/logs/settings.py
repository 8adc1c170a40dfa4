"""Which records are written, how, and where to: standard error, one line each, for the platform to collect.

    root ──► LOG_LEVEL ──► stderr ──► Line (LOG_FORMAT)          one logger more or less: LOG_LEVELS=orders=DEBUG …

No file, no rotation, no queue: the process writes and whoever runs it keeps (docs/decisions/0022-logs.md). Changing a
level is changing a variable and starting again; no code is touched.

Roadmap: observability/log-levels, observability/logging-libraries
"""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.logs.lines import FORMATS

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
#: Libraries that tell too much, or the same as a line of ours.
QUIETER = {
    "django.security.DisallowedHost": "CRITICAL",  # scanners; it is a 400 all the same
    "django.security.DisallowedModelAdminLookup": "CRITICAL",  # the staff's; it is a 400 all the same
    "stripe": "WARNING",  # its INFO has bodies
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "urllib3": "WARNING",
    "celery.worker.strategy": "WARNING",  # "received", with the arguments; tasks.py says the rest
    "celery.app.trace": "WARNING",  # "succeeded", twice what tasks.py says; failures stay
    "celery.beat": "WARNING",
    "celery.utils.functional": "INFO",
    "environ": "INFO",
    "amqp": "WARNING",
    "kombu": "WARNING",
    "PIL": "INFO",
}


class ExceptionsOnly(logging.Filter):
    """Of what Django says about requests, what nobody caught. A 404 is an answer, a 503 has its line already."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep it, but for the path, which is anybody's text."""
        record.msg, record.args = "unhandled exception", ()
        return bool(record.exc_info)


def wished(text: str) -> dict[str, str]:
    """Read `orders.gateways=DEBUG shop=WARNING`; raise ImproperlyConfigured for anything else."""
    pairs = [part.partition("=") for part in re.split(r"[\s,]+", text.strip()) if part]
    for name, _, level in pairs:
        if not name or level not in LEVELS:
            raise ImproperlyConfigured(f"LOG_LEVELS must be logger=LEVEL …, not {name}={level!r}.")
    return {name: level for name, _, level in pairs}


def configured(*, level: str, shape: str, levels: dict[str, str]) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` is to be given."""
    loggers = {name: {"level": level} for name, level in (QUIETER | levels).items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "config.logs.lines.Line", "shape": shape}},
        "filters": {"exceptions": {"()": "config.logs.settings.ExceptionsOnly"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django brings handlers of its own; with them every line would come twice.
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "django.request": {"filters": ["exceptions"]},
            **loggers,
        },
    }


LOGGING = configured(
    level=env.choice("LOG_LEVEL", LEVELS),
    shape=env.choice("LOG_FORMAT", FORMATS),
    levels=wished(env.text("LOG_LEVELS")),
)
