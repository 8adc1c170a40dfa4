"""What a client may do next, as links in the answer: it follows relations and builds no address of its own.

    "_links": {"self":   {"href": "https://shop.example/api/v1/orders/7KQ2-M4XD-9RTC/", "method": "GET"},
               "cancel": {"href": "https://shop.example/api/v1/orders/7KQ2-M4XD-9RTC/cancellation/", "method": "POST"}}

Two things decide about a link. The view that it leads to must let this caller in: its own permission classes are
asked, so scopes and second factors count as they will when the link is followed. And the object's state and the
policies of its app must allow it: those stand in the app's own `hypermedia`. Each view is asked once for a request, so
the hundredth row costs no query.

Source of the form: draft-kelly-json-hal.

Roadmap: api/hateoas
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.urls import URLPattern, URLResolver, get_resolver, get_script_prefix, reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.fields import SkipField
from rest_framework.request import Request, clone_request

from accounts.errors import AccountError
from accounts.models import User

Link = Mapping[str, str]
Links = Iterator[tuple[str, Link | None]]
LINK = {
    "type": "object",
    "properties": {"href": {"type": "string", "format": "uri"}, "method": {"type": "string"}},
    "required": ["href", "method"],
}


class Guide:
    """Knows who asks, and remembers for one request which views let them in."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._answers: dict[tuple[str, str], bool] = {}

    @property
    def person(self) -> User | AnonymousUser:
        """Who asks."""
        return self.request.user

    def link(self, route: str, *arguments: Any, method: str = "GET") -> Link | None:
        """Return the link to a named route, or None if its view would turn this caller away."""
        if not self.admits(route, method):
            return None
        path = _path(get_script_prefix(), self.request.version, route, arguments)
        return {"href": f"{self.root}{path}", "method": method}

    @cached_property
    def root(self) -> str:
        """Return what every address begins with: the scheme and the host that the caller has used."""
        return self.request.build_absolute_uri("/").removesuffix("/")

    def admits(self, route: str, method: str) -> bool:
        """Whether the view's permission classes say yes."""
        if (route, method) not in self._answers:
            self._answers[route, method] = _admits(view_of(route), clone_request(self.request, method))
        return self._answers[route, method]


@lru_cache(1_000)
def _path(prefix: str, version: str | None, route: str, arguments: tuple[Any, ...]) -> str:
    """Return the path of a named route. Putting one together takes 13 microseconds, and most come again and again.
    Those of orders do not, but they push out one another: what every answer asks for is always among the latest.

    `prefix`: where the shop is mounted, which `reverse` puts before it. `version`: None where a view has none.
    """
    return reverse(f"{version}:{route}" if version else route, args=arguments)


def _admits(view_class: Any, request: Request) -> bool:
    view = view_class()
    view.request = request
    try:
        return all(permission.has_permission(request, view) for permission in view.get_permissions())
    except (APIException, AccountError):  # a scope or a second factor is missing
        return False


def view_of(route: str) -> Any:
    """Return the view class of the API that answers at a named route."""
    return _views()[route]


@cache
def _views() -> dict[str, Any]:
    """Every view of the API by the name of its route."""
    return dict(_named(get_resolver()))


def _named(resolver: URLResolver) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _named(entry)
        elif isinstance(entry, URLPattern) and entry.name and hasattr(entry.callback, "cls"):
            yield entry.name, entry.callback.cls


@extend_schema_field({"type": "object", "additionalProperties": LINK, "readOnly": True})
class LinksField(serializers.Field[Any, Any, Any, Any]):
    """`_links = LinksField(of_order)`; the function names each relation with its link, or with None for a closed door.

    Without a request nobody can say where links lead, and the member is left out.
    """

    def __init__(self, links_of: Callable[[Guide, Any], Links]) -> None:
        super().__init__(source="*", read_only=True)
        self.links_of = links_of

    def get_attribute(self, instance: Any) -> Any:
        """Look at the whole object."""
        if "request" not in self.context:
            raise SkipField
        return instance

    def to_representation(self, instance: Any) -> dict[str, Link]:
        """Return the open doors by relation."""
        context = cast(dict[str, Any], self.context)  # one for all rows of an answer
        if "guide" not in context:
            context["guide"] = Guide(context["request"])
        return open_doors(self.links_of(context["guide"], instance))


def open_doors(links: Links) -> dict[str, Link]:
    """Leave out the doors that are closed to this caller."""
    return {relation: link for relation, link in links if link}
