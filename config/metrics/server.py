"""The metrics of processes that serve no HTTP: a thread that answers on METRICS_HOST:METRICS_PORT.

On loopback unless told otherwise, since it asks nobody who they are.

Roadmap: observability/prometheus-and-grafana
"""

import logging
from collections.abc import Iterator
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings

from config.metrics import exposition
from config.metrics.page import PATH

logger = logging.getLogger(__name__)


class Quiet(WSGIRequestHandler):
    """A look every quarter of a minute is no news."""

    timeout = 5  # seconds: who connects and says nothing must not keep the next one out

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def start() -> WSGIServer | None:
    """Serve until the process ends, if METRICS_PORT is set; return the server. A taken port is a warning, no end."""
    if not settings.METRICS_PORT:
        return None
    try:
        server = make_server(settings.METRICS_HOST, settings.METRICS_PORT, answer, handler_class=Quiet)
    except OSError as failure:
        logger.warning("no metrics at %s:%s: %s", settings.METRICS_HOST, settings.METRICS_PORT, failure)
        return None
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    logger.info("metrics at http://%s:%s%s", settings.METRICS_HOST, server.server_port, PATH)
    return server


def answer(environ: dict[str, object], start_response: object) -> Iterator[bytes]:
    """One page, and nothing else."""
    found = environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "GET"
    body = exposition.page(exposition.BACKSTAGE) if found else b""
    headers = [("Content-Type", exposition.CONTENT_TYPE), ("Content-Length", str(len(body)))]
    start_response("200 OK" if found else "404 Not Found", headers)  # type: ignore[operator]
    yield body
