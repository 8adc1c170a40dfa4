"""The API document: checked in, current, complete, and shown by pages that load nothing from strangers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import resolve

from accounts.scopes import CLIENTS_OWN, SCOPES
from config.problems import CONTENT_TYPE
from deploy.contract.document import LOADER, read

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "docs" / "api" / "openapi.yaml"
DOCUMENT: dict[str, Any] = read(WRITTEN)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@pytest.mark.roadmap("api/openapi-documentation")
def test_checked_in_document_is_what_the_code_says_without_a_warning(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)

    assert fresh.read_text() == WRITTEN.read_text(), "`make schema` writes it anew"


def test_no_operation_came_or_went_unnoticed() -> None:
    assert (len(DOCUMENT["paths"]), len(OPERATIONS)) == (64, 93)
    assert all(path.startswith("/api/v1/") and path.endswith("/") for path in DOCUMENT["paths"])


@every_operation
def test_operation_has_a_name_a_summary_a_tag_and_words(operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"])
    assert 10 < len(operation["summary"]) < 90
    assert operation["description"].endswith((".", "Location."))
    assert set(operation["tags"]) <= {"account", "auth", "catalogue", "cart", "orders", "stock", "webhooks"}


def test_names_are_unique() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(set(names)) == len(names)


@pytest.mark.roadmap("api/error-responses")
@every_operation
def test_every_refusal_is_a_problem(operation: dict[str, Any]) -> None:
    refusals = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}

    assert {"406", "503"} <= set(refusals)
    for answer in refusals.values():
        assert list(answer["content"]) == [CONTENT_TYPE]
        assert answer["content"][CONTENT_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_purchase_documents_every_way_it_can_end() -> None:
    statuses = set(OPERATIONS["POST /api/v1/orders/"]["responses"])

    assert statuses == {"201", "202", "400", "401", "402", "403", "406", "409", "413", "415", "422", "429", "503"}


def declared(path: str, method: str) -> str:
    """The scope that the view behind an address names for a method; "" if it is closed to programs."""
    view = resolve(re.sub(r"\{\w+\}", lambda name: FILLED.get(name[0], "a-name"), path)).func.cls
    return str(getattr(view, "scopes", {}).get(method, "")) if view.authentication_classes else ""


FILLED = dict.fromkeys(["{id}", "{line_id}", "{delivery_id}"], str(UUID(int=7)))


@pytest.mark.roadmap("api/openapi-documentation")
@pytest.mark.parametrize("name", OPERATIONS)
def test_document_and_view_agree_on_the_scope(name: str) -> None:
    method, _, path = name.partition(" ")
    scope, ways_in = declared(path, method), OPERATIONS[name].get("security", [])
    asked = {scope for way_in in ways_in for kind in ("oauth2", "openId") for scope in way_in.get(kind, ())}

    assert asked == ({scope} if scope else set())
    assert ({"apiKey": []} in ways_in) == bool(scope)
    assert f"`{scope}`" in OPERATIONS[name]["description"] if scope else asked == set()


@pytest.mark.roadmap("api/openapi-documentation")
def test_security_schemes_name_the_real_addresses_and_scopes(client: Client) -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    flows = schemes["oauth2"]["flows"]
    provider = client.get(schemes["openId"]["openIdConnectUrl"]).json()

    assert set(schemes) == {"jwtAuth", "apiKey", "oauth2", "openId"}
    assert flows["authorizationCode"]["scopes"] == SCOPES
    assert flows["clientCredentials"]["scopes"] == CLIENTS_OWN
    assert provider["authorization_endpoint"].endswith(flows["authorizationCode"]["authorizationUrl"])
    assert {provider["token_endpoint"].endswith(flow["tokenUrl"]) for flow in flows.values()} == {True}


ADDRESS = re.compile(r"""(?:src|href|spec-url|url)\s*[=:]\s*["']([^"']+)["']""")


def opens(client: Client, address: str) -> int:
    """The status of what is there; a static file is a stream that ends by being read."""
    answer = client.get(address)
    assert answer.getvalue()
    return answer.status_code


@pytest.mark.roadmap("api/openapi-documentation")
def test_redoc_may_not_fetch_the_picture_of_its_maker(client: Client) -> None:
    assert "img-src 'self' data:;" in client.get("/api/redoc/")["Content-Security-Policy"] + ";"


@pytest.mark.parametrize("page", ["/api/docs/", "/api/redoc/"])
def test_page_loads_nothing_from_strangers_and_everything_it_asks_for_is_here(client: Client, page: str) -> None:
    answer = client.get(page)
    text = answer.content.decode()
    addresses = [address for address in ADDRESS.findall(text) if not address.startswith(("data:", "#"))]

    assert answer.status_code == 200
    assert not re.search(r"(https?:)?//(?!localhost|testserver)[a-z0-9.-]+\.[a-z]{2,}", text)
    assert len(addresses) >= 2
    assert {opens(client, address) for address in addresses} == {200}


def test_document_is_served(client: Client) -> None:
    served = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi"})

    assert yaml.load(served.content, LOADER)["paths"].keys() == DOCUMENT["paths"].keys()
