"""The API document: checked in, current, complete, and shown by pages that load nothing from strangers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from config.problems import CONTENT_TYPE

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "docs" / "api" / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(WRITTEN.read_text())


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
    assert (len(DOCUMENT["paths"]), len(OPERATIONS)) == (50, 69)
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


ADDRESS = re.compile(r"""(?:src|href|spec-url|url)\s*[=:]\s*["']([^"']+)["']""")


def opens(client: Client, address: str) -> int:
    """The status of what is there; a static file is a stream that ends by being read."""
    answer = client.get(address)
    assert answer.getvalue()
    return answer.status_code


@pytest.mark.roadmap("api/openapi-documentation")
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

    assert yaml.safe_load(served.content)["paths"].keys() == DOCUMENT["paths"].keys()
