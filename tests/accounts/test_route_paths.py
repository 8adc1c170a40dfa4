"""The path of a route is remembered; where the shop is mounted, under which name and in which version, never is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import clear_script_prefix, set_script_prefix
from rest_framework.reverse import reverse
from rest_framework.test import APIRequestFactory
from rest_framework.versioning import NamespaceVersioning
from rest_framework.views import APIView

from accounts import hypermedia
from accounts.hypermedia import Guide

pytestmark = pytest.mark.roadmap("api/hateoas")


def asked(host: str = "shop.example", version: str | None = "v1") -> Any:
    request: Any = APIView().initialize_request(APIRequestFactory().get("/", headers={"Host": host}))
    request.user, request.version = AnonymousUser(), version
    request.versioning_scheme = NamespaceVersioning() if version else None
    return request


@pytest.fixture
def mounted() -> Iterator[None]:
    set_script_prefix("/mounted/")
    yield
    clear_script_prefix()


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["shop.example", "other.example"]


def href(request: Any, route: str, *arguments: Any) -> str:
    link = Guide(request).link(route, *arguments)
    assert link
    return link["href"]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("host", ["shop.example", "other.example"])
def test_link_is_what_the_framework_would_make_of_the_route(host: str, version: str) -> None:
    request = asked(host, version)

    for _ in range(2):  # the second is remembered
        assert href(request, "product", "desk") == reverse("product", ["desk"], request=request)
        assert href(request, "product", "desk") == f"http://{host}/api/{version}/products/desk/"


def test_place_where_the_shop_is_mounted_is_in_the_link_for_as_long_as_it_is_there(mounted: None) -> None:
    request = asked()

    there = href(request, "product", "desk")
    set_script_prefix("/")
    here = href(request, "product", "desk")

    assert there == "http://shop.example/mounted/api/v1/products/desk/"
    assert here == "http://shop.example/api/v1/products/desk/"


def test_view_without_a_version_links_to_routes_without_one() -> None:
    assert hypermedia._path("/", None, "page-product", ("desk",)) == "/products/desk/"


def test_paths_of_many_orders_push_out_one_another_and_no_others() -> None:
    hypermedia._path.cache_clear()
    for number in range(3_000):
        hypermedia._path("/", "v1", "products", ())
        hypermedia._path("/", "v1", "order", (f"{number:04}-0000-0000",))

    found = hypermedia._path.cache_info()
    assert (found.currsize, found.misses) == (1_000, 3_001)
