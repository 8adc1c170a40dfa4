"""One line for each request: what was asked, what came of it, how long it took and what it cost the database.

    {"message": "GET 200", "method": "GET", "route": "api/v1/orders/<str:number>/", "status": 200, "duration_ms": 12.3,
     "queries": 2, "user": 7, "request_id": "…", …}

The route is the pattern and not the path: it groups, and no name, number or token of somebody's is in it. Nor are
query, body, headers or address. What a health probe asks is told at DEBUG, since it asks every few seconds.

Roadmap: observability/what-to-log, frameworks/middleware
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from config.logs import statements

logger = logging.getLogger("shop.request")
#: The request that this thread answers, for whoever must say whose it is.
current: ContextVar[HttpRequest | None] = ContextVar("current", default=None)
PROBES = "healthz/"


class RequestLineMiddleware:
    """Writes the line, whatever became of the request. It stands right behind the one that gives the request its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, and say so."""
        begun, token = perf_counter(), current.set(request)
        try:
            response = self.get_response(request)
            self._tell(request, response, perf_counter() - begun)
            return response
        finally:
            current.reset(token)

    def _tell(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        route, asked = request.resolver_match.route if request.resolver_match else "-", statements.of(request)
        fields = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
            "queries": asked.count,
            "database_ms": round(asked.seconds * 1000, 1),
            "user": user_of(request),
        }
        level = logging.DEBUG if route.startswith(PROBES) else logging.INFO
        logger.log(level, "%s %s", request.method, response.status_code, extra=fields)


def user_of(request: HttpRequest | None) -> Any:
    """Return the id of who sent the request, if somebody has asked for it before; a log line is no reason to ask."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject) and user._wrapped is empty:
        return None
    return getattr(user, "pk", None)
