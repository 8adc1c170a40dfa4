"""One line of JSON per log record, with the id of the request that caused it.

Roadmap: observability/structured-logging, observability/correlation-ids
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from accounts.trail import request_id
from config import env


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object: time (UTC), level, logger, message, request_id, and the traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; a value that JSON cannot hold is written as text."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logging.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL")},
    "loggers": {
        "django.request": {"level": "ERROR"},  # a 404 is an answer, not an incident
        "django": {"handlers": [], "propagate": True},
        "stripe": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
