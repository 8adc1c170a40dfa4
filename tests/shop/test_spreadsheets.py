"""Lists as tables: the same page as in JSON, and no cell that a spreadsheet would run."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from shop import stock
from shop.spreadsheets import cell
from tests.answers import assert_problem
from tests.factories import product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

Api = Callable[..., APIClient]
CSV = {"Accept": "text/csv"}
PRODUCTS, ORDERS = "/api/v1/products/", "/api/v1/orders/"
ENTRIES = f"{PRODUCTS}desk/stock/entries/"
FLAT = ["sku", "slug", "name", "category", "price", "currency", "available", "rating", "review_count"]


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "Accept" in answer["Vary"]
    return list(csv.DictReader(StringIO(answer.content.decode(), newline="")))


def as_cell(value: object) -> str:
    return "" if value is None else str(value)


@pytest.fixture
def shop(db: None) -> None:
    for name in ("desk", "chair", "lamp"):
        product(slug=name, name=name.title())


@pytest.mark.roadmap("api/consistent-endpoint-design")
def test_table_holds_the_page_that_json_holds(shop: None, api: Api) -> None:
    asked = {"page_size": 2, "ordering": "name"}
    page, rows = api().get(PRODUCTS, asked), api().get(PRODUCTS, asked, headers=CSV)

    assert table(rows) == [{name: as_cell(row[name]) for name in FLAT} for row in page.json()["results"]]
    assert rows["Link"] == page["Link"]


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
    ],
)
def test_form_is_the_one_that_the_caller_likes_best(shop: None, api: Api, accepted: str, form: str) -> None:
    assert api().get(PRODUCTS, headers={"Accept": accepted})["Content-Type"] == form


def test_form_that_is_not_had_here_is_refused(shop: None, api: Api) -> None:
    assert_problem(api().get(PRODUCTS, headers={"Accept": "text/csv;q=0, image/png"}), 406, "not-acceptable")


def test_link_leads_through_all_tables(shop: None, api: Api) -> None:
    first = api().get(PRODUCTS, {"page_size": 2}, headers=CSV)
    second = api().get(first["Link"].partition(">")[0].strip("<"), headers=CSV)

    assert [row["slug"] for row in table(first) + table(second)] == ["chair", "desk", "lamp"]


@pytest.mark.django_db
def test_empty_table_still_names_its_columns(api: Api) -> None:
    assert api().get(PRODUCTS, headers=CSV).content.decode() == ",".join(FLAT) + "\r\n"


def test_orders_are_a_table_of_their_buyer(alice: User, bob: User, gateway: FakeGateway, api: Api) -> None:
    order = ordered(alice, gateway)

    assert [row["number"] for row in table(api(alice).get(ORDERS, headers=CSV))] == [order.number]
    assert table(api(bob).get(ORDERS, headers=CSV)) == []


@pytest.mark.roadmap("security/output-encoding")
def test_delivery_note_runs_in_no_spreadsheet(carol: User, api: Api) -> None:
    desk = product(slug="desk", stocked=0)
    stock.receive(product_id=desk.pk, quantity=3, reference='=HYPERLINK("https://evil.example")')
    stock.correct(product_id=desk.pk, on_hand=1, reference="count")

    rows = table(api(carol, "pwd", "otp").get(ENTRIES, headers=CSV))

    assert [(row["quantity"], row["reference"]) for row in rows] == [
        ("-2", "count"),
        ("3", '\'=HYPERLINK("https://evil.example")'),
    ]


RUNS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "－1+1", "＝1", "-", "-1e5", "-1,5"]


@pytest.mark.roadmap("security/output-encoding")
@pytest.mark.parametrize("text", RUNS)
def test_cell_that_would_run_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "shown"), [("-2", "-2"), (-2, "-2"), ("-0.50", "-0.50"), ("a=b", "a=b"), (None, ""), (True, "true")]
)
def test_cell_that_is_harmless_stays(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
    ],
)
def test_json_is_what_who_takes_both_gets(shop: None, api: Api, accept: str, form: str) -> None:
    assert api().get(PRODUCTS, headers={"Accept": accept})["Content-Type"] == form


def test_refusal_of_a_table_is_a_problem(db: None, api: Api) -> None:
    assert_problem(api().get(PRODUCTS, {"page_size": "0"}, headers=CSV), 400, "validation-failed")
    assert_problem(api().get(ORDERS, headers=CSV), 401, "not-authenticated")
    assert_problem(api().get(f"{PRODUCTS}desk/", headers=CSV), 406, "not-acceptable")


def test_form_is_asked_for_by_header_alone(shop: None, api: Api) -> None:
    problem = assert_problem(api().get(PRODUCTS, {"format": "csv"}), 400, "validation-failed")

    assert [error["pointer"] for error in problem["errors"]] == ["#/format"]


def test_table_costs_no_more_queries_than_json(shop: None, api: Api) -> None:
    with CaptureQueriesContext(connection) as captured:
        table(api().get(PRODUCTS, headers=CSV))

    assert len(captured) == 1
