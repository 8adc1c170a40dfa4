"""Lists of deliveries over HTTP: taken in at once, booked later, seen by whom they concern."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders.imports import serializers, views
from orders.models import StockImport
from orders.tasks import CONSUMERS
from shop.models import Product, StockEntry
from tests.answers import assert_problem
from tests.factories import person, product
from tests.orders.purchases import perform_all

IMPORTS = "/api/v1/stock/imports/"
ROWS = [{"sku": "DESK", "quantity": 5, "reference": "note 7"}, {"sku": "SOFA", "quantity": 1}]
TABLE = "\ufeffsku,quantity,reference\r\nDESK,5,note 7\r\nSOFA,1,\r\n".encode()
Api = Callable[..., APIClient]


@pytest.fixture
def desk(db: None) -> Product:
    return product(sku="DESK", stocked=10)


@pytest.fixture
def daves(dave: User, api: Api) -> APIClient:
    """Has shown a second factor."""
    return api(dave, "pwd", "otp")


def send(client: APIClient, rows: Any = ROWS, key: str | None = "key") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    if isinstance(rows, bytes):
        return client.generic("POST", IMPORTS, rows, "text/csv", headers=headers)
    return client.post(IMPORTS, rows, format="json", headers=headers)


@pytest.mark.roadmap("api/http-status-codes", "api/rest-resource-design")
@pytest.mark.parametrize("rows", [ROWS, TABLE], ids=["json", "csv"])
def test_list_is_taken_in_at_once_and_booked_later(daves: APIClient, desk: Product, rows: Any) -> None:
    accepted = send(daves, rows)
    waiting = daves.get(accepted["Location"])
    perform_all(CONSUMERS)
    done = daves.get(accepted["Location"])

    assert (accepted.status_code, accepted["Retry-After"]) == (202, waiting["Retry-After"])
    assert accepted.json() == waiting.json()
    assert [answer.json()["status"] for answer in (waiting, done)] == ["waiting", "done"]
    assert [done.json()[name] for name in ("rows", "booked", "refused")] == [2, 1, 1]
    assert "Retry-After" not in done
    assert StockEntry.objects.get(source=done.json()["id"]).quantity == 5


def test_sku_and_delivery_note_of_digits_alone_stay_text_in_a_table(daves: APIClient) -> None:
    product(sku="4711", stocked=0)

    send(daves, b"sku,quantity,reference\n4711,5,0042\n")
    perform_all(CONSUMERS)

    assert StockEntry.objects.get(reference="0042").quantity == 5


@pytest.mark.roadmap("api/hateoas")
def test_refused_rows_are_listed_with_their_problems_and_fit_a_spreadsheet(daves: APIClient, desk: Product) -> None:
    accepted = send(daves).json()
    assert set(accepted["_links"]) == {"self"}
    perform_all(CONSUMERS)

    job = daves.get(accepted["_links"]["self"]["href"]).json()
    refusals = job["_links"]["refusals"]["href"]

    [refused] = daves.get(refusals).json()["results"]
    assert (refused["row"], refused["sku"], refused["quantity"]) == (1, "SOFA", 1)
    assert (refused["type"], refused["detail"]) == (
        "/problems/unknown-product/", "There is no product 'SOFA' in the shop.",
    )  # fmt: skip
    names, row = daves.get(refusals, headers={"Accept": "text/csv"}).content.decode().splitlines()
    assert names == "row,sku,quantity,reference,type,detail"
    assert row.startswith(f"1,SOFA,1,import {job['id']},/problems/unknown-product/")


@pytest.mark.roadmap("api/idempotency")
def test_list_that_is_sent_twice_is_one_import(daves: APIClient, desk: Product) -> None:
    first, second = send(daves), send(daves, TABLE)  # the same rows, however they are written

    assert (first.status_code, first.content, first["Location"]) == (202, second.content, second["Location"])
    assert second["Retry-After"]
    assert StockImport.objects.count() == 1
    assert_problem(send(daves, ROWS[:1]), 422, "idempotency-key-reused")
    assert_problem(send(daves, key=None), 400, "idempotency-key-missing")


WRONG: list[tuple[Any, list[str]]] = [
    ([{"sku": "DESK", "quantity": 1}, {"sku": "DESK", "quantity": 0}], ["#/1/quantity"]),
    ([{"sku": "DESK"}, {"quantity": 1}], ["#/0/quantity", "#/1/sku"]),
    ([{"sku": "DESK", "quantity": 1, "price": 1}], ["#/0/price"]),
    (["DESK"], ["#/0"]),
    ([], ["#"]),
    ({"sku": "DESK", "quantity": 1}, ["#"]),
    (b"sku,quantity\nDESK,five\n", ["#/0/quantity"]),
    (b"sku,quantity\nDESK,5\nDESK,\n", ["#/1/quantity"]),
    (b"sku,units\nDESK,5\n", ["#/0/quantity", "#/0/units"]),
    (b"", ["#"]),
]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("rows", "pointers"), WRONG)
def test_what_is_no_list_of_deliveries_is_pointed_at(
    daves: APIClient, desk: Product, rows: Any, pointers: list[str]
) -> None:
    problem = assert_problem(send(daves, rows), 400, "validation-failed")

    assert sorted(error["pointer"] for error in problem["errors"]) == pointers
    assert not StockImport.objects.exists()


def test_wrong_table_is_not_read_back_whole(daves: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = assert_problem(send(daves, [{}] * 200), 400, "validation-failed")
    assert len(problem["errors"]) == 2 * serializers.MOST_COMPLAINTS

    monkeypatch.setattr(serializers, "MOST_ROWS", 1)
    assert_problem(send(daves), 400, "validation-failed")


BROKEN = [b"sku,quantity\n\xff,5\n", b'sku,quantity\n"DESK,5\n', b"sku,quantity\nDESK,5,note 7\n"]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize("table", BROKEN)
def test_what_is_no_table_is_refused(daves: APIClient, table: bytes) -> None:
    assert_problem(send(daves, table), 400, "malformed-body")


@pytest.mark.roadmap("security/dos-protection")
def test_body_of_a_list_is_read_up_to_its_own_limit(daves: APIClient, desk: Product) -> None:
    padded = TABLE + b" " * (views.Imports.most_bytes - len(TABLE))

    assert send(daves, padded).status_code == 400
    assert_problem(send(daves, padded + b" "), 413, "body-too-large")


@pytest.mark.roadmap("security/broken-access-control")
def test_import_is_seen_by_who_sent_it_and_by_managers(daves: APIClient, desk: Product, api: Api) -> None:
    job = send(daves)["Location"]
    eve, boss = api(person("eve", role="warehouse")), api(person("boss", role="manager"))

    assert_problem(eve.get(job), 404, "not-found")
    assert_problem(eve.get(f"{job}refusals/"), 404, "not-found")
    assert [len(client.get(IMPORTS).json()["results"]) for client in (daves, eve, boss)] == [1, 0, 1]
    assert [boss.get(path).status_code for path in (job, f"{job}refusals/")] == [200, 200]


@pytest.mark.roadmap("security/broken-access-control")
def test_lists_are_sent_by_the_warehouse_with_a_second_factor(desk: Product, api: Api) -> None:
    assert_problem(send(api(person("alice"), "pwd", "otp")), 403, "not-allowed")
    assert_problem(send(api(person("mallory", role="support"), "pwd", "otp")), 403, "not-allowed")
    assert_problem(send(api(person("frank", role="warehouse"))), 403, "step-up-required")
