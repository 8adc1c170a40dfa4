"""A member that nobody asked for is refused, wherever it stands, and never followed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from deploy.contract.document import read
from orders.models import CartLine, Order
from tests.answers import assert_problem
from tests.factories import cart_of, product

DOCUMENT: dict[str, Any] = read(Path("docs/api/openapi.yaml"))
#: Stripe's own shapes: it may add members whenever it likes.
FOREIGN = {"POST /api/v1/webhooks/payments/"}
ADDRESS = {"name": "Alice", "line1": "1 Lime Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that the document describes, with the operation's name."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind != "text/csv":  # its rows are held against the same shape as those in JSON
                    yield f"{method.upper()} {path}", content["schema"]


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and those inside it that describe objects."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "object":
        yield schema
    below = [schema["items"]] if schema.get("type") == "array" else []
    for inner in [*schema.get("properties", {}).values(), *schema.get("allOf", ()), *below]:
        yield from objects(inner)


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize(("operation", "schema"), [body for body in bodies() if body[0] not in FOREIGN])
def test_every_body_says_that_it_may_have_no_further_members(operation: str, schema: dict[str, Any]) -> None:
    described = list(objects(schema))

    assert described, operation
    assert all(each.get("additionalProperties") is False or is_map(each) for each in described)


def is_map(schema: dict[str, Any]) -> bool:
    """Names of the sender's choice, and what each of their values must be: the attributes of a product."""
    return "properties" not in schema and bool(schema.get("additionalProperties"))


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"sku": "THING", "quantitiy": 3}, ["#/quantitiy"]),
        ({"sku": "THING", "unit_price": "0.01", "cart": 7}, ["#/cart", "#/unit_price"]),
        ({"quantity": 0, "is_staff": True}, ["#/is_staff", "#/quantity", "#/sku"]),
        ({"sku": "THING", "a/b~c": 1}, ["#/a~1b~0c"]),
        ({"sku": "THING", "\ud800": 1}, ["#/\\ud800"]),
        ({"sku": "THING", "x" * 5000: 1}, ["#/" + "x" * 60]),
        ({"sku": "THING"} | {f"{number:05}": 1 for number in range(20_000)}, [f"#/{n:05}" for n in range(10)]),
    ],
    ids=["misspelt", "mass assignment", "beside other faults", "slash", "half a character", "long", "many"],
)
def test_unknown_member_is_pointed_at_and_nothing_is_done(
    alice: User, api: Callable[[User | None], APIClient], body: dict[str, Any], pointers: list[str]
) -> None:
    product(sku="THING")

    answer = api(alice).post("/api/v1/cart/lines/", json.dumps(body), content_type="application/json")

    problem = assert_problem(answer, 400, "validation-failed")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(pointers)
    assert not CartLine.objects.exists()


@pytest.mark.asvs("15.3.3")
def test_price_and_owner_cannot_be_slipped_into_a_purchase(
    alice: User, bob: User, api: Callable[[User | None], APIClient]
) -> None:
    cart_of(alice, (product(), 1))
    body = {"payment_method": "pm_card_visa", "buyer": bob.pk, "shipping_address": ADDRESS | {"total": "0.01"}}

    answer = api(alice).post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "one"})

    problem = assert_problem(answer, 400, "validation-failed")
    assert {error["pointer"] for error in problem["errors"]} == {"#/buyer", "#/shipping_address/total"}
    assert not Order.objects.exists()


@pytest.mark.parametrize("number", [0, 20095, 1.5, True])
def test_number_is_no_text(alice: User, api: Callable[[User | None], APIClient], number: Any) -> None:
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS | {"postal_code": number}}

    answer = api(alice).post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "one"})

    problem = assert_problem(answer, 400, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == ["#/shipping_address/postal_code"]
