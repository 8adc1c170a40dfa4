"""The API document of v2: that of v1 with money in objects, and nothing else, so v1's promises are v2's as well."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from deploy.contract.changes import Comparison
from deploy.contract.document import LOADER, read
from orders.serializers import PaymentSerializer
from tests.test_openapi import DOCUMENT, ROOT

pytestmark = pytest.mark.roadmap("api/versioning", "api/openapi-documentation")
WRITTEN = ROOT / "docs" / "api" / "openapi-v2.yaml"
DOCUMENT_V2: dict[str, Any] = read(WRITTEN)
MONEY = {"Money", "MoneyRequest", "PositiveMoneyRequest"}
#: What may differ of a member that is money.
BECAME_AN_OBJECT = {"is object instead of string decimal", "is object instead of string"}


def moved(document: dict[str, Any]) -> dict[str, Any]:
    """The document at the addresses of v2."""
    return dict(json.loads(json.dumps(document).replace("/api/v1/", "/api/v2/")))


def decimals(document: dict[str, Any]) -> Iterator[str]:
    """Every member that is a decimal in a text; stars are the only one that is no money."""
    for name, schema in document["components"]["schemas"].items():
        for member, shape in schema.get("properties", {}).items():
            if shape.get("format") == "decimal" and member != "rating":
                yield f"{name}.{member}"


def test_checked_in_document_is_what_the_code_says_without_a_warning(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi-v2.yaml"

    call_command("spectacular", file=str(fresh), api_version="v2", validate=True, fail_on_warn=True)

    assert fresh.read_text() == WRITTEN.read_text(), "`make schema` writes it anew"


def is_left_out(where: str, what: str) -> bool:
    """The currency that stood beside the amounts, and the wish for it alone."""
    return (where.endswith(" currency") and what == "is gone") or what == "no longer takes currency"


def test_v2_differs_from_v1_in_money_and_in_nothing_else() -> None:
    changes = {(change.where, change.what) for change in Comparison(moved(DOCUMENT), DOCUMENT_V2).changes()}
    money = {where for where, what in changes if what in BECAME_AN_OBJECT}
    inside = {f"{where} {part}" for where in money for part in ("amount", "currency")}
    others = {(where, what) for where, what in changes if where not in money | inside and not is_left_out(where, what)}

    assert len(money) > 40
    assert others == set()


def test_no_text_in_v2_is_money() -> None:
    assert list(decimals(DOCUMENT_V2)) == []
    assert len(list(decimals(DOCUMENT))) > 12
    assert set(DOCUMENT_V2["components"]["schemas"]) - set(DOCUMENT["components"]["schemas"]) == MONEY


def test_decimal_that_somebody_forgot_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaymentSerializer, "money", ("amount",))

    found = list(decimals(SchemaGenerator(api_version="v2").get_schema(public=True)))

    assert found == ["Payment.refunded_amount"]


def test_v1_says_that_it_ends_and_v2_does_not() -> None:
    old, new = (
        [one for path in document["paths"].values() for one in path.values()] for document in (DOCUMENT, DOCUMENT_V2)
    )
    answers = [answer for operation in old for status, answer in operation["responses"].items() if int(status) < 400]

    assert {operation["deprecated"] for operation in old} == {True}
    assert all({"Deprecation", "Sunset", "Link"} <= set(answer["headers"]) for answer in answers)
    assert set(DOCUMENT["components"]["headers"]) == {"Deprecation", "Sunset", "Link"}
    assert not [operation for operation in new if "deprecated" in operation]
    assert "headers" not in DOCUMENT_V2["components"]
    assert (DOCUMENT["info"]["version"], DOCUMENT_V2["info"]["version"]) == ("1.0.0", "2.0.0")


def test_header_of_the_document_is_the_one_that_is_sent(client: Client) -> None:
    headers = DOCUMENT["components"]["headers"]
    answer = client.get("/api/v1/no-such-place/")

    assert {name: answer[name] for name in ("Deprecation", "Sunset")} == {
        name: headers[name]["example"] for name in ("Deprecation", "Sunset")
    }


def test_document_of_v2_is_served_and_both_pages_show_it(client: Client) -> None:
    served = client.get("/api/schema/v2/", headers={"Accept": "application/vnd.oai.openapi"})
    pages = [client.get(f"/api/{page}/v2/").content.decode() for page in ("docs", "redoc")]

    assert yaml.load(served.content, LOADER)["paths"].keys() == DOCUMENT_V2["paths"].keys()
    assert len(DOCUMENT_V2["paths"]) == len(DOCUMENT["paths"])
    assert all('"/api/schema/v2/"' in page for page in pages)
