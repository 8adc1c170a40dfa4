"""Each status that the API answers with, provoked once; `docs/api/status-codes.md` lists these cases and no others."""

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from config.problems import CONTENT_TYPE
from orders.outcomes import Declined, Unknown, Unsent
from shop.models import Product
from tests.factories import cart_of, person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS

TABLE = Path(__file__).resolve().parents[2] / "docs/api/status-codes.md"
ORDERS, PRODUCTS, LINES = "/api/v1/orders/", "/api/v1/products/", "/api/v1/cart/lines/"
DESK = f"{PRODUCTS}desk/"
FORM = "application/x-www-form-urlencoded"
Answer = Any  # Django's test client adds `json` to the response


class Visit:
    """Alice with one desk in her cart, and a provider that answers what it is told to."""

    def __init__(self, user: User, client: Callable[..., APIClient], provider: FakeGateway) -> None:
        self.line = cart_of(user, (product(slug="desk", stocked=1), 1)).lines.get().pk
        self.client, self.stranger, self.provider = client(user), client(), provider
        self.client_of = client

    @cached_property
    def keeper(self) -> APIClient:
        return self.client_of(person("carol", role="manager"), "pwd", "otp")

    def press(self, outcome: Any = None, **headers: str) -> Answer:
        self.provider.outcome = outcome
        body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
        return self.client.post(ORDERS, body, format="json", headers={"Idempotency-Key": "key", **headers})

    def read_twice(self) -> Answer:
        tag = self.stranger.get(DESK)["ETag"]
        return self.stranger.get(DESK, headers={"If-None-Match": tag})

    def change_what_was_changed(self) -> Answer:
        seen = {"If-Match": self.keeper.get(DESK)["ETag"]}
        self.keeper.patch(DESK, {"name": "Table"}, format="json", headers=seen)
        return self.keeper.patch(DESK, {"name": "Desk"}, format="json", headers=seen)

    def bought(self) -> str:
        return f"{ORDERS}{self.press().json()['number']}/"

    def press_after_somebody_else(self) -> Answer:
        Product.objects.get(slug="desk").stock.delete()
        return self.press()

    def press_with_the_key_of_another(self) -> Answer:
        self.press()
        return self.client.post(
            ORDERS,
            {"payment_method": "pm_other", "shipping_address": ADDRESS},
            format="json",
            headers={"Idempotency-Key": "key"},
        )

    def send_more_than_a_megabyte(self) -> Answer:
        return self.client.post(LINES, "1" * 1_000_001, content_type="application/json")

    def press_when_our_own_code_fails(self) -> Answer:
        self.provider.book = None  # type: ignore[assignment] # what the fake does not expect
        return self.press()


CASES: list[tuple[int, str, Callable[[Visit], Answer]]] = [
    (200, "Something is shown", lambda visit: visit.client.get(PRODUCTS)),
    (201, "The purchase is paid; `Location` names the order", lambda visit: visit.press()),
    (202, "The provider has not answered; `Location` will know", lambda visit: visit.press(Unknown())),
    (204, "A line is taken out of the cart", lambda visit: visit.client.delete(f"{LINES}{visit.line}/")),
    (304, "The product is as it was; the same `ETag`", Visit.read_twice),
    (400, "The Idempotency-Key is missing", lambda visit: visit.press(**{"Idempotency-Key": ""})),
    (401, "Nobody is logged in", lambda visit: visit.stranger.get(ORDERS)),
    (402, "The bank declines the card", lambda visit: visit.press(Declined("pi_1", "expired_card"))),
    (403, "A buyer asks for a refund", lambda visit: visit.client.post(f"{visit.bought()}refunds/")),
    (404, "The order is somebody else's, or nobody's", lambda visit: visit.client.get(f"{ORDERS}7KQ2-M4XD-9RTC/")),
    (405, "A cart is put; `Allow` names what works", lambda visit: visit.client.put("/api/v1/cart/")),
    (406, "Something else than JSON is asked for", lambda visit: visit.press(Accept="text/csv")),
    (409, "The last one went to somebody else", Visit.press_after_somebody_else),
    (412, "The product was changed after it was read", Visit.change_what_was_changed),
    (413, "The body is larger than a megabyte", Visit.send_more_than_a_megabyte),
    (415, "The body is a form", lambda visit: visit.client.post(LINES, "a=1", content_type=FORM)),
    (422, "The Idempotency-Key is another request's", Visit.press_with_the_key_of_another),
    (428, "A product is changed, and not said which version of it", lambda visit: visit.keeper.patch(DESK)),
    (500, "Our own code fails; the log has it under the request id", Visit.press_when_our_own_code_fails),
    (503, "The provider cannot be reached; `Retry-After` says when", lambda visit: visit.press(Unsent())),
]


@pytest.mark.roadmap("api/http-status-codes")
@pytest.mark.parametrize(("status", "case", "request_it"), CASES, ids=[str(case[0]) for case in CASES])
def test_case_is_answered_with_its_status(
    alice: User,
    api: Callable[[User | None], APIClient],
    provider: FakeGateway,
    status: int,
    case: str,
    request_it: Callable[[Visit], Answer],
) -> None:
    answer = request_it(Visit(alice, api, provider))

    assert answer.status_code == status
    assert (answer.get("Content-Type") == CONTENT_TYPE) == (status >= 400)
    for header in re.findall(r"`([\w-]+)`", case):
        assert answer[header]


@pytest.mark.roadmap("api/http-status-codes")
def test_table_lists_these_cases_and_no_others() -> None:
    rows = re.findall(r"^\| (\d{3}) [^|]*\| (.+?) \|$", TABLE.read_text("utf-8"), re.MULTILINE)

    assert rows == [(str(status), case) for status, case, _ in CASES]
