"""Deliveries and counts over HTTP: each is booked once, by whom it may be, and the ledger says it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from orders import idempotency
from shop import stock
from shop.models import Product, StockEntry
from tests.answers import assert_problem
from tests.factories import person, product
from tests.races.rivals import queued

STOCK = "/api/v1/products/desk/stock/"
RECEIPT, COUNT = {"quantity": 5, "reference": "note 7"}, {"on_hand": 9, "reference": "counted"}
Api = Callable[..., APIClient]


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk", stocked=10)


@pytest.fixture
def dave(desk: Product, api: Api) -> APIClient:
    """Works in the warehouse, and has shown a second factor."""
    return api(person("dave", role="warehouse"), "pwd", "otp")


def book(client: APIClient, what: str, body: dict[str, Any], key: str | None = "key") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{STOCK}{what}/", body, format="json", headers=headers)


@pytest.mark.roadmap("commerce/inventory")
def test_delivery_is_on_the_shelf_and_in_the_ledger(dave: APIClient) -> None:
    booked = book(dave, "receipts", RECEIPT)

    assert booked.status_code == 201
    assert booked.json() | {"entry": None} == {"on_hand": 15, "reserved": 0, "available": 15, "entry": None}
    assert booked.json()["entry"] == dave.get(f"{STOCK}entries/").json()["results"][0]
    assert StockEntry.objects.get(pk=booked.json()["entry"]["id"]).reference == "note 7"


@pytest.mark.roadmap("commerce/inventory")
def test_count_sets_the_shelf_and_the_ledger_says_by_how_much(dave: APIClient) -> None:
    booked, again = book(dave, "corrections", COUNT), book(dave, "corrections", COUNT, "other key")

    assert (booked.status_code, booked.json()["on_hand"], booked.json()["entry"]["quantity"]) == (201, 9, -1)
    assert (again.status_code, again.json()["on_hand"], again.json()["entry"]) == (200, 9, None)


def test_first_count_of_a_product_that_was_never_delivered_opens_its_shelf(dave: APIClient) -> None:
    product(slug="lamp", stocked=0)
    lamps = STOCK.replace("desk", "lamp")

    assert dave.get(lamps).json() == {"on_hand": 0, "reserved": 0, "available": 0}
    answer = dave.post(f"{lamps}corrections/", COUNT, format="json", headers={"Idempotency-Key": "key"})
    assert answer.json()["on_hand"] == 9


@pytest.mark.roadmap("api/idempotency")
@pytest.mark.parametrize(("what", "body", "units"), [("receipts", RECEIPT, 15), ("corrections", COUNT, 9)])
def test_what_is_sent_twice_is_booked_once(dave: APIClient, what: str, body: dict[str, Any], units: int) -> None:
    first, second = book(dave, what, body), book(dave, what, body)

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (StockEntry.objects.count(), dave.get(STOCK).json()["on_hand"]) == (2, units)


@pytest.mark.roadmap("api/idempotency")
def test_key_of_another_delivery_and_no_key_are_refused(dave: APIClient) -> None:
    book(dave, "receipts", RECEIPT)

    assert_problem(book(dave, "receipts", RECEIPT | {"quantity": 6}), 422, "idempotency-key-reused")
    assert_problem(book(dave, "receipts", RECEIPT, None), 400, "idempotency-key-missing")
    assert StockEntry.objects.count() == 2


@pytest.mark.breaks_the_books  # units are promised here to no order
def test_count_below_what_is_promised_is_refused_and_its_key_is_free(dave: APIClient, desk: Product) -> None:
    stock.reserve([stock.Line(desk.pk, 3)])

    problem = assert_problem(book(dave, "corrections", COUNT | {"on_hand": 2}), 409, "count-below-reserved")

    assert (problem["on_hand"], problem["reserved"]) == (2, 3)
    assert book(dave, "corrections", COUNT).status_code == 201


def test_more_than_a_shelf_can_count_is_refused(dave: APIClient) -> None:
    product(slug="pin", sku="PIN", stocked=2_147_483_647 - 4)

    answer = dave.post(
        f"{STOCK.replace('desk', 'pin')}receipts/", RECEIPT, format="json", headers={"Idempotency-Key": "key"}
    )

    assert assert_problem(answer, 409, "shelf-is-full")["sku"] == "PIN"


@pytest.mark.parametrize("body", [{"quantity": 0}, {"quantity": 100_001}, {"quantity": "5"}, {"quantity": True}])
def test_what_is_no_delivery_is_pointed_at(dave: APIClient, body: dict[str, Any]) -> None:
    problem = assert_problem(book(dave, "receipts", RECEIPT | body), 400, "validation-failed")

    assert [error["pointer"] for error in problem["errors"]] == ["#/quantity"]


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("path", ["", "entries/"])
def test_stock_is_read_by_staff_alone(desk: Product, api: Api, path: str) -> None:
    answers = {
        role: api(person(role, role=role)).get(f"{STOCK}{path}") for role in ("customer", "support", "warehouse")
    }

    assert_problem(api().get(f"{STOCK}{path}"), 401, "not-authenticated")
    assert [answer.status_code for answer in answers.values()] == [403, 403, 200]


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("what", ["receipts", "corrections"])
def test_stock_is_booked_by_the_warehouse_with_a_second_factor(desk: Product, api: Api, what: str) -> None:
    refusals = [
        book(api(person("alice"), "pwd", "otp"), what, {}),
        book(api(person("eve", role="warehouse")), what, {}),
    ]

    assert_problem(refusals[0], 403, "not-allowed")
    assert_problem(refusals[1], 403, "step-up-required")


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("lines", [2, 20])
def test_ledger_costs_the_same_whatever_its_length(dave: APIClient, desk: Product, lines: int) -> None:
    for number in range(lines):
        stock.receive(product_id=desk.pk, quantity=1, reference=f"note {number}")

    with CaptureQueriesContext(connection) as captured:
        assert len(dave.get(f"{STOCK}entries/").json()["results"]) == lines + 1

    assert len([query for query in captured if "shop_" in query["sql"]]) == 2


@pytest.mark.roadmap("api/idempotency")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keyed", [True, False])
def test_two_presses_at_once_book_one_delivery_and_without_the_key_two(
    transactional_db: None, api: Api, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    desk = product(slug="desk", stocked=10)
    dave = person("dave", role="warehouse")
    if not keyed:

        def forgetful(request: idempotency.Request, act: Callable[[], idempotency.Answer]) -> idempotency.Answer:
            with transaction.atomic():
                return act()

        monkeypatch.setattr(idempotency, "once", forgetful)

    presses = [partial(book, api(dave, "pwd", "otp"), "receipts", RECEIPT) for _ in range(2)]
    answers = queued([desk.stock], *presses)

    assert [answer.status_code for answer in answers] == [201, 201]
    desk.stock.refresh_from_db()
    assert desk.stock.on_hand == (15 if keyed else 20)
