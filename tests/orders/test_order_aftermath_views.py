"""An order over HTTP after the press: who may see, cancel and refund it, and what that costs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from orders import payments
from orders.models import Order, OrderLine
from orders.outcomes import Unknown
from tests.answers import assert_problem
from tests.factories import product
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

URL = "/api/v1/orders/"

Api = Callable[..., APIClient]
PROVED = ("pwd", "otp")


PLACES = ["", "7KQ2-M4XD-9RTC/", "7KQ2-M4XD-9RTC/cancellation/", "7KQ2-M4XD-9RTC/refunds/"]


@pytest.mark.roadmap("auth/authentication-vs-authorization")
@pytest.mark.parametrize("place", PLACES)
def test_stranger_must_log_in(db: None, api: Api, place: str) -> None:
    call = api(None).get if place.count("/") < 2 else api(None).post
    answer = call(URL + place)

    assert_problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    """Two units of 12.80 of alice's, taken."""
    made = ordered(alice, gateway, key="earlier")
    payments.capture(made.pk, gateway=gateway)
    return fresh(made)


@pytest.mark.roadmap("security/broken-access-control")
def test_somebody_elses_order_does_not_exist(order: Order, bob: User, carol: User, api: Api) -> None:
    for path, method in [("", "get"), ("cancellation/", "post")]:
        assert_problem(getattr(api(bob), method)(f"{URL}{order.number}/{path}"), 404, "not-found")

    assert api(bob).get(URL).json()["results"] == []
    assert api(carol).get(f"{URL}{order.number}/").status_code == 200
    assert fresh(order).status == "paid"


@pytest.mark.parametrize("nonsense", ["7KQ2-M4XD-9RTC", "1", "%00", "ſ", "' OR 1=1 --", "..", "x" * 300])
def test_number_that_cannot_be_one_is_404(alice: User, api: Api, nonsense: str) -> None:
    assert_problem(api(alice).get(f"{URL}{nonsense}/"), 404, "not-found")


def test_number_is_found_as_it_was_heard(order: Order, alice: User, api: Api) -> None:
    heard = order.number.lower().replace("-", "").replace("0", "o")

    assert api(alice).get(f"{URL}{heard}/").json()["number"] == order.number


@pytest.mark.roadmap("api/rest-resource-design")
def test_cancellation_is_201_then_200_then_the_order_shows_it(order: Order, alice: User, api: Api) -> None:
    answers = [api(alice).post(f"{URL}{order.number}/cancellation/") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["status"] == "cancelled"
    assert [event["type"] for event in answers[1].json()["events"]][-1] == "OrderCancelled"


@pytest.mark.parametrize(
    ("outcome", "who"), [(Unknown(), "alice"), (Unknown(), "carol"), (None, "alice"), (None, "carol")]
)
def test_history_says_who_cancelled(alice: User, carol: User, api: Api, outcome: Unknown | None, who: str) -> None:
    made = ordered(alice, FakeGateway(outcome))
    actor = {"alice": alice, "carol": carol}[who]

    api(actor).post(f"{URL}{made.number}/cancellation/")

    said = {"alice": "Cancelled by the buyer.", "carol": f"Cancelled by the shop (user {carol.pk})."}[who]
    assert made.events.get(type="OrderCancelled").details["reason"] == said


def refund(client: APIClient, order: Order, body: Any, key: str = "r-1") -> HttpResponseBase | Any:
    url = f"{URL}{order.number}/refunds/"
    return client.post(url, body, format="json", headers={"Idempotency-Key": key})


@pytest.mark.roadmap("security/broken-access-control")
def test_only_staff_give_money_back(order: Order, alice: User, api: Api) -> None:
    assert_problem(refund(api(alice), order, {}), 403, "not-allowed")


@pytest.mark.roadmap("api/rest-resource-design", "api/idempotency")
def test_refund_is_answered_once_and_replayed(order: Order, carol: User, api: Api) -> None:
    first, second = (refund(api(carol, *PROVED), order, {"amount": "5.60", "reason": "Scratch"}) for _ in range(2))

    assert (first.status_code, first.json()["amount"], first.json()["status"]) == (201, "5.60", "pending")
    assert second.content == first.content
    assert_problem(refund(api(carol, *PROVED), order, {"amount": "5.61"}), 422, "idempotency-key-reused")
    too_much = assert_problem(refund(api(carol, *PROVED), order, {"amount": "20.01"}, "r-2"), 409, "refund-too-large")
    assert (too_much["refundable"], too_much["currency"]) == ("20.00", "EUR")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1.001", "1e9999", {}, "\x00"])
def test_senseless_amount_is_refused(order: Order, carol: User, api: Api, amount: Any) -> None:
    problem = assert_problem(refund(api(carol, *PROVED), order, {"amount": amount}), 400, "validation-failed")

    assert problem["errors"][0]["pointer"] == "#/amount"


@pytest.mark.roadmap("orm/n-plus-one")
@pytest.mark.parametrize("count", [2, 20])
def test_history_costs_one_query_beside_the_login(alice: User, api: Api, count: int) -> None:
    for number in range(count):
        ordered(alice, FakeGateway(), key=f"key-{number}")
    client = api(alice)

    with CaptureQueriesContext(connection) as captured:
        assert len(client.get(URL, {"page_size": 50}).json()["results"]) == count

    assert len(captured) == 2


@pytest.mark.breaks_the_books  # lines beyond what was paid for
@pytest.mark.parametrize("lines", [1, 5])
def test_order_page_costs_the_same_whatever_was_bought(alice: User, api: Api, lines: int, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product(), sku="X", name="X", unit_price=0, quantity=1, line_total=0)
        for _ in range(lines - 1)
    )
    client = api(alice)
    with CaptureQueriesContext(connection) as captured:
        client.get(f"{URL}{order.number}/")

    assert len(captured) <= 6


@pytest.mark.roadmap("databases/indexes")
def test_order_history_is_served_by_its_index(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    assert "order_history" in Order.objects.visible_to(alice).order_by("-id")[:25].explain()


@pytest.mark.parametrize("cursor", ["x", "W2ZhbHNlLCAiYWJjIiwgIjEiXQ=="])
def test_broken_cursor_is_refused(alice: User, api: Api, cursor: str) -> None:
    assert_problem(api(alice).get(URL, {"cursor": cursor}), 400, "validation-failed")


def test_pages_of_orders_skip_and_repeat_nothing(alice: User, api: Api) -> None:
    made = [ordered(alice, FakeGateway(), key=f"key-{number}").number for number in range(5)]
    seen: list[str] = []
    url: str | None = f"{URL}?page_size=2"

    while url:
        page = api(alice).get(url).json()
        seen += [row["number"] for row in page["results"]]
        url = page["next"]

    assert seen == made[::-1]
