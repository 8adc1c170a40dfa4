"""Two questions an orchestrator asks: is the process alive (else restart it), can it serve (else send nobody)?

`live` asks nothing of anybody: a process must not be killed because a neighbour is down. `ready` needs the database
alone, since the shop sells without Redis; what else is down is named all the same. `cache` is
REDIS_URL, where the circuit breaker counts; `broker` is CELERY_BROKER_URL, by default another database of that Redis.

Roadmap: deployment/kubernetes-scaling-and-self-healing, observability/infrastructure-monitoring
"""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from kombu import Connection

logger = logging.getLogger(__name__)
TIMEOUT = 1.0


def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if purchases can be made, else 503; name every part that is down."""
    parts = {name: _is_up(name, check) for name, check in CHECKS.items()}
    down = [name for name, is_up in parts.items() if not is_up]
    status = "ready" if not down else "unavailable" if "database" in down else "degraded"
    answer = {"status": status, "down": down, "parts": {name: "up" if up else "down" for name, up in parts.items()}}
    return JsonResponse(answer, status=503 if status == "unavailable" else 200)


def _is_up(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception as failure:  # whatever a client library raises: the part is down
        logger.warning("%s is down: %s", name, failure)
        return False
    return True


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        raise


def _redis() -> None:
    redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT).ping()


def _broker() -> None:
    # Without the read timeouts (Redis's name for it, RabbitMQ's) a broker that hangs would hang the probe.
    patience = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "read_timeout": TIMEOUT}
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=TIMEOUT, transport_options=patience) as broker:
        broker.ensure_connection(max_retries=1, timeout=TIMEOUT)


CHECKS: dict[str, Callable[[], object]] = {"database": _database, "cache": _redis, "broker": _broker}

urlpatterns = [path("live", live, name="live"), path("ready", ready, name="ready")]
