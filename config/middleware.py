"""What every request passes: an id to trace it by, its sender's address, a limit of size, compression on the way back,
and a clear answer when the database is away.

Roadmap: frameworks/middleware, observability/correlation-ids
"""

import logging
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.core.validators import validate_ipv46_address
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from accounts.preconditions.headers import coded
from accounts.trail import request_id
from config import problems
from config.logs.levels import level_of
from config.versions import ROOTS

logger = logging.getLogger(__name__)
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Take the caller's X-Request-ID if it is well formed, else make one; log under it and send it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id in X-Request-ID."""
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        token = request_id.set(offered if WELL_FORMED.fullmatch(offered) else uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class ClientAddressMiddleware:
    """Make REMOTE_ADDR the caller's, not our proxy's. Each proxy appends whom it heard; what stands left is made up.

    With TRUSTED_PROXIES = 1 and `X-Forwarded-For: made-up, 203.0.113.9` the caller is 203.0.113.9.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on. A header that cannot be our proxies' work changes nothing."""
        if count := settings.TRUSTED_PROXIES:
            heard = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            if len(heard) >= count and _is_address(heard[-count]):
                request.META["REMOTE_ADDR"] = heard[-count]
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        validate_ipv46_address(text)
    except ValidationError:
        return False
    return True


class GZip(GZipMiddleware):
    """Compress what is read and larger than a packet; never what may hold a secret.

    How small an answer gets tells what repeats in it: whoever has a browser ask again and again, with a guess in the
    query, reads a token of the same answer letter by letter (BREACH, 2013). So answers to writes, logins and the pages
    with forms go out plain; Django's random bytes blur the size of the rest. A compressed answer has a tag of its own,
    and a strong one, since a weak tag could never be sent back in If-Match: Django's own class would make it weak.
    """

    LEAST = 1_000  # bytes; anything smaller leaves in one packet either way
    OF_THE_API = tuple(f"{root}{part}/" for root in ROOTS for part in ("auth", "account"))
    SECRETIVE = (*OF_THE_API, "/account/", "/oauth/", f"/{settings.ADMIN_PATH}")

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        """Compress if the caller takes gzip; say to every cache that others may not."""
        if request.method not in {"GET", "HEAD"} or request.path.startswith(self.SECRETIVE):
            return response
        if response.has_header("Content-Encoding"):  # kept in this form (`shop/views/front.py`), under a tag of its own
            return response
        if "Accept-Encoding" not in response.get("Vary", ""):  # asked first: to add to it costs ten times as much
            patch_vary_headers(response, ["Accept-Encoding"])
        if response.status_code == 304:
            return self._as_known(request, response)
        if response.streaming or len(response.content) < self.LEAST or not _takes_gzip(request):
            return response
        tag = response.get("ETag", "")
        super().process_response(request, response)
        if tag and response.get("Content-Encoding") == "gzip":
            response["ETag"] = coded(tag)
        return response

    def _as_known(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Name in a 304 the tag of the form that the caller has (RFC 9110, 15.4.5)."""
        tag = coded(response.get("ETag", ""))
        if tag and tag in request.headers.get("If-None-Match", ""):
            response["ETag"] = tag
        return response


def _takes_gzip(request: HttpRequest) -> bool:
    """`gzip;q=0` is a no, which Django's class takes for a yes."""
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in accepted and not re.search(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", accepted)


class PrivateAnswersMiddleware:
    """Have no cache keep what the API says, apart from what its view lets be kept (`shop/views/freshness.py`).

    An answer may hold a token, or be about somebody; and one that says nothing may be kept as anybody sees fit.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say so, unless the view has said something itself."""
        response = self.get_response(request)
        if request.path.startswith(ROOTS):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class BodyLimitMiddleware:
    """Refuse a body that is too large before a byte of it is read; Django itself limits only what it reads for us.

    Roadmap: security/dos-protection
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer 413 to more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes, or than the view says in `most_bytes`."""
        most = getattr(getattr(view, "cls", None), "most_bytes", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) <= most:
            return None
        return problems.plain_response(request, RequestDataTooBig())


class DatabaseDownMiddleware:
    """Turn a lost database connection outside of DRF (sessions, admin) into the same 503 problem as inside."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 with Retry-After when PostgreSQL cannot be reached; leave every other exception alone."""
        if problems.problem_of(exception).slug != "database-unavailable":
            return None
        logger.log(level_of(exception), "database unavailable: %s", exception)
        return problems.plain_response(request, exception)
