"""Two versions of the REST API: one table of routes, and an old one that says with every answer when it ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from config.access import routes
from config.versions import ROOTS, ending_of
from deploy.local.environment import WEBHOOK_PATH
from tests.answers import assert_problem
from tests.factories import cart_of, product

pytestmark = pytest.mark.roadmap("api/versioning")
Api = Callable[..., APIClient]
V1_ENDS = settings.API_ENDINGS["v1"]


def table(version: str) -> list[tuple[str, Any]]:
    """The routes of a version, with what answers there."""
    named = [entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", None) == version]
    assert all(isinstance(entry, URLResolver) for entry in named)
    return [route for entry in named for route in routes(entry)]


def test_every_version_has_the_same_routes_and_the_same_views() -> None:
    assert len(table("v1")) > 50
    assert table("v2") == table("v1")
    assert ROOTS == ("/api/v1/", "/api/v2/")


ANSWERS = [
    ("get", "products/", 200), ("get", "products/?page_size=1", 200), ("get", "products/?max_prize=1", 400),
    ("get", "orders/", 401), ("get", "products/no-desk/", 404), ("get", "no-such-place/", 404),
    ("post", "auth/token/", 415), ("put", "cart/", 405), ("post", "webhooks/payments/", 400),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_of_v1_says_that_it_ends_and_none_of_v2_does(method: str, path: str, status: int) -> None:
    product(), product()

    old, new = (getattr(Client(), method)(f"/api/{version}/{path}") for version in ("v1", "v2"))

    assert (old.status_code, new.status_code) == (status, status)
    assert old["Deprecation"] == f"@{int(V1_ENDS[0].timestamp())}"
    assert parsedate_to_datetime(old["Sunset"]) == V1_ENDS[1]
    assert f'</api/v2/{path.partition("?")[0]}>; rel="successor-version"' in old["Link"]
    assert not {"Deprecation", "Sunset"} & set(new.headers)
    assert "successor-version" not in new.get("Link", "")


@pytest.mark.django_db
def test_links_of_a_list_stay_beside_those_of_the_end(client: Client) -> None:
    product(), product()

    old, new = (client.get(f"/api/{version}/products/?page_size=1") for version in ("v1", "v2"))

    following = old.json()["next"]
    assert following.startswith("http://testserver/api/v1/products/?cursor=")
    assert [part.partition("; ")[2] for part in old["Link"].split(", ")] == [
        'rel="next"', 'rel="deprecation"; type="text/html"', 'rel="successor-version"',
    ]  # fmt: skip
    assert new["Link"] == f'<{following.replace("/v1/", "/v2/")}>; rel="next"'


def test_address_that_nobody_has_makes_no_header_of_its_own(client: Client) -> None:
    answer = client.get('/api/v1/%3E;rel="x",%3Cé/')

    assert_problem(answer, 404, "not-found")
    assert answer["Link"].count("<") == answer["Link"].count(">") == 2


@pytest.mark.parametrize("version", settings.API_ENDINGS)
def test_version_ends_after_it_was_deprecated_by_half_a_year_at_least_and_has_a_successor(version: str) -> None:
    ending = ending_of(version)

    assert ending
    assert (ending.sunset_at - ending.deprecated_at).days > 180
    assert ending.deprecated_at.tzinfo
    assert ending.successor in settings.API_VERSIONS
    assert ending_of([*settings.API_VERSIONS][-1]) is None, "the newest one stays"


@pytest.mark.django_db
def test_page_that_the_headers_lead_to_names_the_day_and_both_documents(client: Client) -> None:
    page = client.get(client.get("/api/v1/products/")["Link"].partition(">")[0].lstrip("<"))
    text, last_day = page.content.decode(), V1_ENDS[1]

    assert page.status_code == 200
    assert f"It ends on {last_day:%-d %B %Y}" in text
    assert all(f'href="/api/{place}/"' in text for place in ("docs", "docs/v2", "redoc", "redoc/v2"))
    assert isinstance(last_day, datetime)


@pytest.mark.django_db
def test_written_page_has_the_same_dates_and_headers_as_the_answers(client: Client) -> None:
    page = Path("docs/api/versions.md").read_text("utf-8")
    answer = client.get("/api/v1/cart/")

    assert all(f"{name}: {answer[name]}\n" in page for name in ("Deprecation", "Sunset", "Link"))
    assert all(f"{day:| %Y-%m-%d |}" in page for day in V1_ENDS)


def test_letters_and_the_payment_provider_are_given_addresses_that_stay() -> None:
    letters = "".join(file.read_text("utf-8") for app in ("orders", "accounts") for file in templates(app))

    assert "/api/v2/orders/" in letters + WEBHOOK_PATH
    assert not [version for version in settings.API_ENDINGS if f"/api/{version}/" in letters + WEBHOOK_PATH]


def templates(app: str) -> list[Path]:
    return [file for file in Path(app, "templates").rglob("*") if file.suffix in {".txt", ".html"}]


def leads(value: Any) -> list[str]:
    """Every address of the API in an answer."""
    if isinstance(value, dict):
        return [address for inner in value.values() for address in leads(inner)]
    if isinstance(value, list):
        return [address for inner in value for address in leads(inner)]
    return [value] if isinstance(value, str) and "/api/" in value else []


@pytest.mark.parametrize("path", ["", "products/", "cart/", "orders/nowhere/", "products/?page_size=1"])
@pytest.mark.parametrize("version", settings.API_VERSIONS)
def test_every_address_in_an_answer_is_of_the_version_that_was_asked(
    alice: User, api: Api, version: str, path: str
) -> None:
    cart_of(alice, (product(), 1), (product(), 2))

    found = leads(api(alice).get(f"/api/{version}/{path}").json())

    assert found
    assert all(f"/api/{version}/" in address for address in found)


@pytest.mark.roadmap("auth/oauth2-scopes")
@pytest.mark.parametrize("version", settings.API_VERSIONS)
def test_program_has_the_same_scopes_in_every_version(alice: User, version: str) -> None:
    lasts = timedelta(days=1)
    made = api_keys.make(alice, name="Export", scopes=["orders:read"], networks=[], lasts=lasts, origin=NOWHERE)
    program = APIClient(headers={"Authorization": f"Api-Key {made.key}"})

    assert program.get(f"/api/{version}/orders/").status_code == 200
    assert_problem(program.get(f"/api/{version}/cart/"), 403, "insufficient-scope")
    assert_problem(program.get(f"/api/{version}/account/export/"), 403, "insufficient-scope")


@pytest.mark.parametrize("version", settings.API_VERSIONS)
def test_write_needs_no_form_token_in_any_version(db: None, version: str) -> None:
    client = APIClient(enforce_csrf_checks=True)

    answer = client.post(f"/api/{version}/cart/lines/", {"sku": product().sku}, format="json")

    assert answer.status_code == 201
