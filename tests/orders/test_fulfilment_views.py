"""The parcel over HTTP: the warehouse writes, the buyer reads, nobody else knows of it."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders import payments
from orders.models import Order
from tests.answers import assert_problem
from tests.factories import person
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

Api = Callable[..., APIClient]
LABEL = {"carrier": "DHL", "tracking_number": "JD0001"}
pytestmark = pytest.mark.roadmap("commerce/order-processing", "api/rest-resource-design")


@pytest.fixture
def dave(db: None) -> User:
    """Packs in the warehouse."""
    return person("dave", role="warehouse")


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    made = ordered(alice, gateway)
    payments.capture(made.pk, gateway=gateway)
    return fresh(made)


@pytest.fixture
def place(order: Order) -> str:
    """Where the order's parcels are."""
    return f"/api/v1/orders/{order.number}/fulfilments/"


def test_parcel_goes_its_way_by_three_resources(place: str, dave: User, alice: User, api: Api) -> None:
    client = api(dave)
    packed = client.post(place)
    parcel = packed["Location"].removeprefix("http://testserver")
    shipped = client.post(f"{parcel}shipment/", LABEL, format="json")
    delivered = client.post(f"{parcel}delivery/")

    assert [answer.status_code for answer in (packed, shipped, delivered)] == [201, 201, 201]
    assert [answer.json()["status"] for answer in (packed, shipped, delivered)] == ["packed", "shipped", "delivered"]
    assert api(alice).get(parcel).json() == delivered.json() == api(alice).get(place).json()["results"][0]
    shown = api(alice).get(place.removesuffix("fulfilments/")).json()
    assert (shown["status"], shown["fulfilments"]) == ("fulfilled", [delivered.json()])
    assert (delivered.json()["carrier"], delivered.json()["tracking_number"]) == ("DHL", "JD0001")


@pytest.mark.roadmap("api/idempotency")
def test_repeated_step_is_200_and_the_same(place: str, dave: User, api: Api) -> None:
    client = api(dave)
    parcel = client.post(place)["Location"]
    again = client.post(place)
    shipped = [client.post(f"{parcel}shipment/", LABEL, format="json") for _ in range(2)]
    delivered = [client.post(f"{parcel}delivery/") for _ in range(2)]

    assert (again.status_code, again["Location"]) == (200, parcel)
    for first, second in (shipped, delivered):
        assert (first.status_code, second.status_code, second.json()) == (201, 200, first.json())


def test_buyer_reads_and_does_not_write(place: str, alice: User, dave: User, api: Api) -> None:
    assert api(alice).get(place).json()["results"] == []
    assert_problem(api(alice).post(place), 403, "not-allowed")
    parcel = api(dave).post(place)["Location"]

    for step in ("shipment/", "delivery/"):
        assert_problem(api(alice).post(parcel + step, LABEL, format="json"), 403, "not-allowed")


@pytest.mark.roadmap("security/broken-access-control")
def test_parcel_of_somebody_else_does_not_exist(
    place: str, alice: User, bob: User, dave: User, api: Api, gateway: FakeGateway
) -> None:
    parcel = api(dave).post(place)["Location"]
    other = ordered(alice, gateway, key="key-2")
    astray = parcel.replace(place, f"/api/v1/orders/{other.number}/fulfilments/")

    for path in (place, parcel):
        assert_problem(api(bob).get(path), 404, "not-found")
    for step in ("", "shipment/", "delivery/"):
        call = api(dave).post if step else api(dave).get
        assert_problem(call(astray + step, LABEL, format="json") if step else call(astray), 404, "not-found")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "#/carrier #/tracking_number"),
    ({"carrier": " ", "tracking_number": "JD 0001"}, "#/carrier #/tracking_number"),
    ({**LABEL, "weight": 3}, "#/weight"),
]


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize(("body", "pointers"), REFUSED)
def test_label_that_cannot_be_one_is_pointed_at(place: str, dave: User, api: Api, body: Any, pointers: str) -> None:
    parcel = api(dave).post(place)["Location"]

    problem = assert_problem(api(dave).post(f"{parcel}shipment/", body, format="json"), 400, "validation-failed")

    assert " ".join(error["pointer"] for error in problem["errors"]) == pointers


def test_refusals_are_problems_that_say_what_to_do(order: Order, place: str, dave: User, alice: User, api: Api) -> None:
    parcel = api(dave).post(place)["Location"]
    Order.objects.get().payment.__class__.objects.update(status="capturing")

    early = api(dave).post(f"{parcel}shipment/", LABEL, format="json")
    assert_problem(early, 409, "payment-not-captured")
    assert early["Retry-After"] == "5"
    assert_problem(api(dave).post(f"{parcel}delivery/"), 409, "illegal-transition")
    assert_problem(api(alice).post(f"/api/v1/orders/{order.number}/cancellation/"), 409, "not-cancellable")


def test_nobody_packs_what_they_bought_themselves(dave: User, api: Api, gateway: FakeGateway) -> None:
    own = ordered(dave, gateway)

    problem = assert_problem(api(dave).post(f"/api/v1/orders/{own.number}/fulfilments/"), 403, "against-the-rules")

    assert problem["act"] == "order.fulfil"


@pytest.mark.roadmap("orm/n-plus-one")
def test_order_with_its_parcel_costs_no_query_more(
    order: Order, place: str, alice: User, dave: User, api: Api, django_assert_num_queries: Any
) -> None:
    page, client = place.removesuffix("fulfilments/"), api(alice)
    with django_assert_num_queries(5):
        assert client.get(page).json()["fulfilments"] == []
    api(dave).post(place)

    with django_assert_num_queries(5):
        assert len(client.get(page).json()["fulfilments"]) == 1
