"""Versions in header fields: ETag and If-None-Match to read again for nothing, If-Match to write over what was read.

    ETag: "0f3c9a51d2e47b68-77ab12cd34ef5601"      the row; all that is shown of it, in this form

The whole tag names the bytes, so a 304 is never wrong. A write is asked for the first half alone: a desk shows how many
are left, and every one that is sold would otherwise stand in the way of whoever edits its description.
`docs/decisions/0014-versions-and-preconditions.md` says what that costs.

Roadmap: api/http-methods, api/http-status-codes
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.utils.http import http_date, parse_etags, parse_http_date_safe
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import VersionNotNamed
from accounts.preconditions.versions import Expected, digest, require, version_of

TAG = '"[!#-~]*"'
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=["200", "201"], description="The version, for If-Match."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="What you have: unchanged, it is not sent again (304)."
)
IF_MATCH = OpenApiParameter(
    "If-Match", {"type": "string", "pattern": rf"^(\*|{TAG}(, ?{TAG})*)$"}, OpenApiParameter.HEADER, required=True,
    description="The `ETag` of what you have read, or `*` to write over whatever is there.",
)  # fmt: skip


class Versioned(APIView):
    """A view of one thing that several people may edit."""

    def answer(
        self, row: Model, shown: Any, *, headers: Mapping[str, str] | None = None, changed_at: datetime | None = None
    ) -> Response:
        """Show the row with its tag, or say with a 304 that the caller has it already.

        `changed_at` is for what changes with its row alone: a product page also changes when one is sold. A PUT is told
        no tag: its sender would take it for that of the body they sent, and ours is another (RFC 9110, 9.3.4).
        """
        tag = f'"{version_of(row)}-{digest(shown)}"'
        told = {} if self.request.method == "PUT" else {"ETag": tag}
        if changed_at:
            told["Last-Modified"] = http_date(changed_at.timestamp())
        if self.request.method in SAFE_METHODS:
            if "If-Match" in self.request.headers:  # a download that goes on half-way, of that version only
                require(self.expected(), row)
            if not wants_whole(self.request) and is_known(self.request, tag, changed_at):
                return Response(status=304, headers=told)
        return Response(shown, headers=told | dict(headers or {}))

    def expected(self) -> Expected:
        """Return the versions that the caller names in If-Match; raise VersionNotNamed if they name none.

        A weak tag names none that could be written over (RFC 9110, 8.8.3.2).
        """
        given = self.request.headers.get("If-Match", "")
        if not given.strip():
            raise VersionNotNamed
        tags = parse_etags(given)
        return None if tags == ["*"] else frozenset(_row_half(tag) for tag in tags if not tag.startswith("W/"))


def wants_whole(request: HttpRequest | Request) -> bool:
    """Whether the answer is kept for others, and a 304 made of it where one is due (`shop/views/front.py`)."""
    return bool(getattr(request, "is_wanted_whole", False))


def is_known(request: HttpRequest | Request, tag: str, changed_at: datetime | None = None) -> bool:
    """If-None-Match decides where it is given; where it is not, the date, which is coarser (RFC 9110, 13.2.2)."""
    if "HTTP_IF_NONE_MATCH" in request.META:
        known = parse_etags(request.META["HTTP_IF_NONE_MATCH"])
        return known == ["*"] or tag in {_uncoded(other) for other in known}
    if changed_at is None:
        return False
    since = parse_http_date_safe(request.META.get("HTTP_IF_MODIFIED_SINCE", ""))
    return bool(since and int(changed_at.timestamp()) <= since)


def coded(tag: str) -> str:
    """The tag of the compressed form; a weak one means both."""
    return tag if not tag or tag.startswith("W/") else f'{tag[:-1]}-gzip"'


def _uncoded(tag: str) -> str:
    """A tag without the marks of a weak or compressed form (`config.middleware.GZip`)."""
    return tag.removeprefix("W/").replace('-gzip"', '"')


def _row_half(tag: str) -> str:
    return tag.strip('"').partition("-")[0]
