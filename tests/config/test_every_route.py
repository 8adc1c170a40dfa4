"""Every address of the shop: it can be built from its name, leads to one view, and what cannot be one is a 404."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from rest_framework.test import APIClient

from accounts.models import User
from config.access import LATER
from orders.models.numbers import new_number
from tests.answers import assert_problem

EXAMPLES: dict[str, object] = {
    "slug": "walnut-desk",
    "number": new_number(),
    "line_id": uuid4(),
    "delivery_id": uuid4(),
    "id": uuid4(),
    "client_id": "partner",
    "size": 480,
}


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every pattern below the resolver, the admin's apart: those are Django's. Of the API's versions the first."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.app_name != "admin" and entry.namespace not in LATER:
            yield from routes(entry)


def takers(resolver: URLResolver, path: str) -> Iterator[URLPattern]:
    """Every pattern that would take the path if it were asked."""
    if found := resolver.pattern.match(path):
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from takers(entry, found[0])
            elif entry.pattern.match(found[0]):
                yield entry


ROUTES = [route for route in routes(get_resolver()) if route.name]


def address(route: URLPattern) -> str:
    named = [entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", None)]
    spaces = [entry.namespace for entry in named if entry.namespace not in LATER and route in routes(entry)]
    name = ":".join([*spaces, str(route.name)])
    return reverse(name, kwargs={name: EXAMPLES[name] for name in route.pattern.converters})


def test_only_the_pages_of_the_documentation_have_no_name() -> None:
    pages = {f"api/{page}/{version}" for page in ("docs", "redoc") for version in ("", "v2/")}

    assert {str(route.pattern) for route in routes(get_resolver()) if not route.name} == pages


@pytest.mark.roadmap("frameworks/routing")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_name_gives_an_address_that_leads_to_its_view_and_to_no_other(route: URLPattern) -> None:
    path = address(route)

    assert resolve(path).func is route.callback
    assert list(takers(get_resolver(), path)) == [route]


def test_no_two_routes_share_a_name() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


@pytest.mark.roadmap("frameworks/routing")
@pytest.mark.parametrize("path", ["cart/lines/7/", "cart/lines/not-a-uuid/", "products/Walnut desk/", "orders/a/b/"])
def test_what_no_converter_takes_never_reaches_a_view(client: Any, path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(f"/api/v1/{path}")

    assert_problem(client.get(f"/api/v1/{path}"), 404, "not-found")


@pytest.mark.roadmap("frameworks/routing")
@pytest.mark.parametrize("number", ["1", "R-1042", "AAAA-AAAA-AAAA", "7KQ2-M4XD-9RTC-0000", "' OR 1=1"])
def test_what_cannot_be_an_order_number_asks_no_order(
    alice: User, api: Callable[[User | None], APIClient], number: str
) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = api(alice).get(f"/api/v1/orders/{number}/")

    assert_problem(answer, 404, "not-found")
    assert not [query for query in captured if "orders_order" in query["sql"]]
