"""`python -m config.grpc`: the stock service, until SIGTERM or SIGINT.

Roadmap: deployment/application-server, api/grpc-server-libraries
"""

import logging
import os
import signal
import sys
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - the models of the modules below want Django set up

from config.grpc.server import StockServer  # noqa: E402
from config.metrics import server as metrics  # noqa: E402

logger = logging.getLogger("config.grpc")


def main() -> int:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = StockServer(host=settings.GRPC_HOST, port=settings.GRPC_PORT)
    server.start()
    metrics.start()
    logger.info("stock service listens on %s:%s", settings.GRPC_HOST, server.port)
    stopping.wait()
    server.stop()
    logger.info("stock service stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
