"""`Prefer` (RFC 7240): who has no use for the answer to a write has it left out.

    PATCH /api/v1/products/desk/    200, the product        Prefer: return=minimal    204
    POST  /api/v1/orders/           201, the order          Prefer: return=minimal    201 without a body, and Location

Header fields stay, `Location` and `ETag` among them, and `Preference-Applied` says that the wish was heard. It is heard
on the way out, when the write is done and its answer kept: a retry under its Idempotency-Key gets the kept answer in
the form that the retry prefers. Whatever else is preferred is ignored, as the RFC has it.

Never left out: a refusal, a 202, which says what is still open, and what a view tells once (`keeps_body`).

Roadmap: api/http-methods
"""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter

WRITES = {"POST", "PUT", "PATCH"}
#: What has a body that may be left out: something is there now, or is as it was asked to be.
WITH_BODY = {200, 201}
QUOTED = r'"(?:[^"\\]|\\.)*"'
#: One preference: a name, perhaps a value, perhaps in quotes; parameters after it are of no use here.
PREFERENCE = re.compile(rf"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*({QUOTED}|[^",;\s]*))?(?:[^",]|{QUOTED})*""")
PREFER = OpenApiParameter(
    "Prefer", str, OpenApiParameter.HEADER,
    description="`return=minimal`: do it and tell nothing; an answer of 200 becomes 204, one of 201 has no body.",
)  # fmt: skip
APPLIED = OpenApiParameter(
    "Preference-Applied", str, OpenApiParameter.HEADER, response=["200", "201"],
    description="The preference that was heard.",
)  # fmt: skip


class PreferMiddleware:
    """Leaves out of answers to writes what their callers do not want to read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and hear what is preferred where there is a choice."""
        response = self.get_response(request)
        if _has_choice(request, response):
            patch_vary_headers(response, ["Prefer"])
            wish = preferences(request.headers.get("Prefer", "")).get("return")
            if wish in {"minimal", "representation"}:
                response["Preference-Applied"] = f"return={wish}"
            if wish == "minimal":
                _leave_out(response)
        return response


def is_heard(view: Any) -> bool:
    """Whether the answers of this view class may be left out: of the API, and not told once."""
    return view is not None and not getattr(view, "keeps_body", False)


def preferences(header: str) -> dict[str, str]:
    """Read the header. Names are the same in small letters and capitals; of one that comes twice the first counts."""
    found: dict[str, str] = {}
    for name, value in PREFERENCE.findall(header):
        found.setdefault(name.lower(), value.strip('"'))
    return found


def _has_choice(request: HttpRequest, response: HttpResponse) -> bool:
    view = getattr(getattr(request.resolver_match, "func", None), "cls", None)
    return request.method in WRITES and response.status_code in WITH_BODY and is_heard(view)


def _leave_out(response: HttpResponse) -> None:
    """Empty the answer. What was made stays a 201: its Location is worth more than a shorter status."""
    if response.status_code == 200:
        response.status_code = 204
    response.content = b""
    del response["Content-Type"]
