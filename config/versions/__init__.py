"""The versions of the REST API: where they live, and how an old one says with every answer that it ends.

    Deprecation: @1796083200                       since when nothing new is to be built on it (RFC 9745)
    Sunset: Wed, 01 Dec 2027 00:00:00 GMT          from when on it may answer no longer (RFC 8594)
    Link: </api/versions/>; rel="deprecation"; type="text/html", </api/v2/cart/>; rel="successor-version"

By a middleware and not by the views, so that refusals say it, too, and those most of all that no view has made.

Roadmap: api/versioning, frameworks/middleware
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.http import http_date

#: Where each version begins.
ROOTS = tuple(f"/api/{version}/" for version in settings.API_VERSIONS)
#: The page that says what differs and how to move.
PAGE = "/api/versions/"
ROOT = re.compile(r"/api/(?P<version>v\d+)/")


class Ending(NamedTuple):
    """The end of one version."""

    deprecated_at: datetime
    sunset_at: datetime
    successor: str

    def headers(self) -> dict[str, str]:
        """Return what every answer of the version says, whatever was asked."""
        deprecated_at = f"@{int(self.deprecated_at.timestamp())}"
        return {"Deprecation": deprecated_at, "Sunset": http_date(self.sunset_at.timestamp())}


def ending_of(version: str) -> Ending | None:
    """Return when a version ends and which one follows it; None for one that stays."""
    return _ending(version) if version in settings.API_ENDINGS else None


@cache
def _ending(version: str) -> Ending:
    names = list(settings.API_VERSIONS)
    return Ending(*settings.API_ENDINGS[version], successor=names[names.index(version) + 1])


#: The same for every answer of a version.
_said = cache(Ending.headers)


class EndingMiddleware:
    """Have the answers of a version that ends say so, and where the same thing lives afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the fields; a list's own links stay."""
        response = self.get_response(request)
        found = ROOT.match(request.path)
        ending = ending_of(found["version"]) if found else None
        if found and ending:
            successor = escape_uri_path(f"/api/{ending.successor}/{request.path[found.end() :]}")
            links = [f'<{PAGE}>; rel="deprecation"; type="text/html"', f'<{successor}>; rel="successor-version"']
            response["Link"] = ", ".join([*filter(None, [response.get("Link")]), *links])
            for name, value in _said(ending).items():
                response[name] = value
        return response
