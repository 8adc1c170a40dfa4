"""Turns away what another site has a browser send here with our cookies, before anybody looks at the token of the form.

    Sec-Fetch-Site       written by the browser, out of every script's reach; missing in old ones and in programs
    Origin and Referer   compared with our own address by Django's CsrfViewMiddleware
    csrfmiddlewaretoken  compared with the cookie by the same
    SameSite=Lax         the cookie of a login does not travel with a foreign form to begin with

Any of the four would do on a good day. Views that look at no cookie (the API, where the bearer token must be put into
each request by the client's own code) are `csrf_exempt` and need none of them.

Roadmap: security/csrf, frameworks/middleware
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from config.views import forged

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
OURS = {"same-origin", "none"}  # "none": typed by the person, or a bookmark


class OwnFormsMiddleware:
    """Refuses a form of another site, and of another host of ours as well: nothing there has reason to send one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer 403 to a write that the browser says began elsewhere."""
        if request.method in SAFE or getattr(view, "csrf_exempt", False):
            return None
        is_ours = request.headers.get("Sec-Fetch-Site", "same-origin") in OURS
        return None if is_ours else forged(request)
