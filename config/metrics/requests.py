"""Rate, errors and duration of every request, and what it asked of the database.

    shop_http_requests_total{method="POST", route="api/v1/orders/", status="201"}

The route is the pattern that matched, never the path: whoever asks for a million paths must not make a million series.
Methods that HTTP does not know are one, too. A request that takes long leaves its particulars in the log, under its id.

Roadmap: observability/apm-signals, frameworks/middleware
"""

import logging
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram

from config.logs.statements import Statements
from config.metrics import pools
from orders.figures import SECONDS, since

logger = logging.getLogger(__name__)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Seconds from which on a request is worth a line of its own: the objective of the purchase.
SLOW = 1.0
REQUESTS = Counter("shop_http_requests", "Requests by how they were answered.", ["method", "route", "status"])
DURATION = Histogram(
    "shop_http_request_duration_seconds",
    "Time from the first middleware to the answer.",
    ["method", "route"],
    buckets=SECONDS,
)
IN_PROGRESS = Gauge("shop_http_requests_in_progress", "Requests that are being answered.", multiprocess_mode="livesum")
QUERIES = Counter("shop_http_database_queries", "SQL statements of requests.", ["method", "route"])
QUERY_SECONDS = Counter("shop_http_database_seconds", "Time that requests waited for them.", ["method", "route"])

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestMetricsMiddleware:
    """Stands before all that refuse, to see that and how long they take, and behind the id, which its line needs."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; costs some ten microseconds and no SQL."""
        began, queries = perf_counter(), Statements()
        request.statements = queries  # type: ignore[attr-defined] # for the request's line, which counts none itself
        IN_PROGRESS.inc()
        try:
            with connection.execute_wrapper(queries):
                response = self.get_response(request)
        finally:
            IN_PROGRESS.dec()
        seconds, method, route = since(began), method_of(request), route_of(request)
        _answered(method, route, response.status_code).inc()
        duration, statements, waiting = _of_route(method, route)
        duration.observe(seconds)
        if queries.count:
            statements.inc(queries.count)
            waiting.inc(queries.seconds)
        pools.look()
        if seconds >= SLOW:
            _tell(method, route, seconds, queries)
        return response


# Looking a series up by its labels costs more than counting; there are as few as the labels have values.
@cache
def _answered(method: str, route: str, status: int) -> Any:
    return REQUESTS.labels(method, route, status)


@cache
def _of_route(method: str, route: str) -> tuple[Any, Any, Any]:
    return DURATION.labels(method, route), QUERIES.labels(method, route), QUERY_SECONDS.labels(method, route)


def method_of(request: HttpRequest) -> str:
    """One of HTTP's, or OTHER."""
    return method if (method := request.method or "") in METHODS else "OTHER"


def route_of(request: HttpRequest) -> str:
    """The pattern that matched; (static) for files, (none) for what leads nowhere or was refused before."""
    if request.resolver_match:
        return request.resolver_match.route or "/"
    return "(static)" if request.path_info.startswith(settings.STATIC_URL) else "(none)"


def _tell(method: str, route: str, seconds: float, queries: Statements) -> None:
    logger.info(
        "slow request: %s %s in %.1f s, %s statements in %.1f s, the slowest %.1f s: %.300s",
        method, route, seconds, queries.count, queries.seconds, queries.longest, " ".join(queries.slowest.split()),
    )  # fmt: skip
