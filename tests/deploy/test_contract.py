"""Today's API keeps what the last release promised, and each way to break a promise is caught."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.contract import release
from deploy.contract.__main__ import main
from deploy.contract.changes import Comparison

RELEASED = release.read(release.RELEASED)
Break = Callable[[Any], object]
BUY, LIST, LINES = "/api/v1/orders/", "/api/v1/products/", "/api/v1/cart/lines/"


def shape(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def asked(document: Any, name: str) -> Any:
    """A parameter of the product list."""
    return next(one for one in document["paths"][LIST]["get"]["parameters"] if one["name"] == name)


BREAKS: list[tuple[Break, str]] = [
    (lambda d: d["paths"].pop("/api/v1/cart/"), "GET /api/v1/cart/ is gone"),
    (lambda d: d["paths"][BUY].pop("post"), "POST /api/v1/orders/ is gone"),
    (lambda d: d["paths"][BUY]["get"].update(operationId="orders"), "is called orders instead of list_orders"),
    (lambda d: d["paths"][BUY]["post"]["security"].pop(), "no longer opens to {'apiKey': []}"),
    (lambda d: d["paths"][LIST]["get"]["security"].remove({}), "no longer opens to everybody"),
    (lambda d: d["paths"][BUY]["post"]["responses"].pop("202"), "no longer answers 202"),
    (lambda d: d["paths"][LIST]["get"]["parameters"].remove(asked(d, "search")), "query search is gone"),
    (lambda d: asked(d, "search").update(required=True), "query search must be sent now"),
    (lambda d: asked(d, "search")["schema"].update(maxLength=20), "has the maxLength 20 now"),
    (lambda d: asked(d, "ordering")["schema"]["enum"].remove("price"), "no longer takes price"),
    (lambda d: asked(d, "page_size")["schema"].update(minimum=10), "has the minimum 10 now"),
    (lambda d: shape(d, "Product")["properties"].pop("price"), "price is gone"),
    (lambda d: shape(d, "Product")["required"].remove("price"), "price may be left out now"),
    (lambda d: shape(d, "Product")["properties"]["name"].update(nullable=True), "name may be null now"),
    (lambda d: shape(d, "Product")["properties"]["price"].update(type="number"), "price is number decimal instead of"),
    (lambda d: shape(d, "OrderStatus")["enum"].remove("expired"), "is never expired any longer"),
    (lambda d: shape(d, "Product")["properties"]["sku"].update(format="uuid"), "sku is string uuid instead of string"),
    (lambda d: shape(d, "OrderLine")["properties"].pop("sku"), "lines[] sku is gone"),
    (lambda d: shape(d, "AddLineRequest")["required"].append("quantity"), "quantity must be sent now"),
    (lambda d: shape(d, "AddLineRequest")["properties"].pop("quantity"), "quantity is gone"),
    (
        lambda d: shape(d, "AddLineRequest")["properties"]["sku"].update(pattern="^[A-Z]+$"),
        "must look like",
    ),
    (lambda d: shape(d, "AddLineRequest")["properties"]["sku"].update(enum=["A"]), "takes only certain values now"),
    (lambda d: d["paths"][LINES]["post"].pop("requestBody"), "takes no body any longer"),
    (lambda d: d["paths"][BUY]["get"].update(requestBody={"required": True, "content": {}}), "must have a body now"),
    (
        lambda d: d["paths"][BUY]["get"]["responses"]["200"].update(content={"text/csv": {}}),
        "no longer application/json",
    ),
]

ADDS: list[Break] = [
    lambda d: d["paths"].update({"/api/v1/wishes/": {"get": {"operationId": "list_wishes", "responses": {}}}}),
    lambda d: d["paths"][LIST]["get"]["parameters"].append({"in": "query", "name": "new", "schema": {}}),
    lambda d: shape(d, "Product")["properties"].update(weight={"type": "integer"}),
    lambda d: shape(d, "OrderStatus")["enum"].append("delivering"),
    lambda d: shape(d, "AddLineRequest")["properties"].update(note={"type": "string"}),
    lambda d: shape(d, "AddLineRequest")["properties"]["sku"].update(maxLength=400),
    lambda d: asked(d, "ordering")["schema"]["enum"].append("stars"),
    lambda d: d["paths"][BUY]["post"]["responses"].update({"410": {"description": "Gone."}}),
]


@pytest.mark.roadmap("workflow/api-docs-maintenance")
def test_no_promise_of_the_last_release_is_broken() -> None:
    broken = [f"{change.where} {change.what}" for change in release.broken_promises()]

    assert broken == [], release.HOW


@pytest.mark.roadmap("workflow/api-docs-maintenance")
@pytest.mark.parametrize(("break_it", "what"), BREAKS, ids=[what for _, what in BREAKS])
def test_broken_promise_is_caught(break_it: Break, what: str) -> None:
    changed = deepcopy(RELEASED)
    break_it(changed)

    found = [f"{change.where} {change.what}" for change in release.broken_promises(RELEASED, changed)]

    assert found
    assert all(what in one for one in found), found


@pytest.mark.parametrize("add", ADDS)
def test_addition_breaks_nothing(add: Break) -> None:
    changed = deepcopy(RELEASED)
    add(changed)

    assert changed != RELEASED
    assert release.broken_promises(RELEASED, changed) == []


def test_same_document_has_no_changes() -> None:
    assert list(Comparison(RELEASED, deepcopy(RELEASED)).changes()) == []


def test_new_major_version_may_break_and_a_new_minor_may_not() -> None:
    changed = deepcopy(RELEASED)
    changed["paths"].pop(BUY)

    changed["info"]["version"] = "1.1.0"
    assert release.broken_promises(RELEASED, changed)
    changed["info"]["version"] = "2.0.0"
    assert release.broken_promises(RELEASED, changed) == []


@pytest.mark.roadmap("workflow/api-docs-maintenance")
def test_command_tells_every_difference_fails_for_a_broken_promise_and_writes_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    promised, today = tmp_path / "promised.yaml", tmp_path / "today.yaml"
    monkeypatch.setattr(release, "RELEASED", promised)
    monkeypatch.setattr(release, "CURRENT", today)
    promised.write_text(yaml.dump(document("list_orders", "show_cart")))
    today.write_text(yaml.dump(document("list_orders", "list_wishes")))

    assert main(["--release"]) == 1
    assert capsys.readouterr().out.splitlines() == ["BREAKS GET /show_cart/ is gone", "adds   GET /list_wishes/ is new"]
    assert promised.read_text() != today.read_text()

    promised.write_text(yaml.dump(document("list_orders")))
    assert main(["--release"]) == 0
    assert promised.read_text() == today.read_text()


def document(*operations: str) -> Any:
    """A small API."""
    paths = {f"/{name}/": {"get": {"operationId": name, "responses": {}}} for name in operations}
    return {"info": {"version": "1.0.0"}, "paths": paths}
