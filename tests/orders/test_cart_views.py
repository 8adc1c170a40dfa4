"""The cart over HTTP: a guest's token, the merge at login, other people's lines, and the bounds of a line."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from orders.models import Cart, CartLine, Coupon
from tests.answers import assert_problem
from tests.factories import ProductFactory, cart_of, product

CART, LINES = "/api/v1/cart/", "/api/v1/cart/lines/"
TOKEN = "X-Cart-Token"

Api = Callable[[User | None], APIClient]


@pytest.fixture
def guest(db: None, api: Api) -> APIClient:
    return api(None)


def add(client: APIClient, sku: str, quantity: Any = 1, token: str = "") -> Any:
    headers = {TOKEN: token} if token else {}
    return client.post(LINES, {"sku": sku, "quantity": quantity}, format="json", headers=headers)


def units(client: APIClient, token: str = "") -> dict[str, int]:
    answer = client.get(CART, headers={TOKEN: token} if token else {})
    return {line["sku"]: line["quantity"] for line in answer.json()["lines"]}


def test_guest_carries_the_token_that_the_first_answer_gave(guest: APIClient) -> None:
    desk = product(sku="DESK")

    token = add(guest, desk.sku, 2)[TOKEN]
    second = add(guest, desk.sku, 1, token)

    assert (second.status_code, second.json()["quantity"], second[TOKEN]) == (201, 3, token)
    assert units(guest, token) == {"DESK": 3}
    assert units(guest) == {}


def test_reading_writes_nothing(guest: APIClient, alice: User, api: Api) -> None:
    for client in (guest, api(alice)):
        shown = client.get(CART).json()
        assert (shown["lines"], shown["total"], shown["currency"]) == ([], "0.00", None)

    assert not Cart.objects.exists()


@pytest.mark.parametrize("token", ["short", "x" * 44, "x" * 42 + "é", "' OR 1=1 --"])
def test_token_that_we_did_not_make_opens_a_new_cart(guest: APIClient, token: str) -> None:
    answer = guest.get(CART, headers={TOKEN: token})

    assert answer.status_code == 200
    assert answer[TOKEN] != token


@pytest.mark.roadmap("api/request-response-validation")
def test_cart_says_what_it_would_cost_now(alice: User, api: Api) -> None:
    cart_of(alice, (product(price="12.80"), 2), (product(price="0.05"), 3))

    shown = api(alice).get(CART).json()

    assert (shown["total"], shown["currency"]) == ("25.75", "EUR")
    assert {line["currency"] for line in shown["lines"]} == {"EUR"}


def test_euros_and_dollars_are_not_added_up(alice: User, api: Api) -> None:
    cart_of(alice, (product(price="10.00"), 1), (product(price="10.00", currency="USD"), 1))

    shown = api(alice).get(CART).json()

    assert (shown["total"], shown["currency"]) == (None, None)
    assert {line["currency"] for line in shown["lines"]} == {"EUR", "USD"}


def coupon(code: str = "SPRING", **fields: Any) -> Coupon:
    return Coupon.objects.create(**{"code": code, "kind": "percentage", "value": 10} | fields)


PARTS = ("subtotal", "discount", "shipping", "tax", "total")


@pytest.mark.roadmap("commerce/pricing")
def test_cart_shows_what_its_total_is_made_up_of(alice: User, api: Api) -> None:
    coupon()
    cart_of(alice, (product(price="10.00", weight_g=500, bulk_from=[3], bulk_prices=["9.00"]), 3))
    client = api(alice)
    put = client.put(f"{CART}coupon/", {"code": "spring"}, format="json")

    at_home, abroad = client.get(CART).json(), client.get(f"{CART}?country=FR").json()

    assert put.status_code == 204
    assert [at_home[part] for part in PARTS] == ["27.00", "2.70", "0.00", "3.88", "24.30"]
    assert [abroad[part] for part in PARTS] == ["27.00", "2.70", "8.90", "5.30", "33.20"]
    assert (at_home["shipping_country"], abroad["shipping_country"]) == ("DE", "FR")
    assert at_home["lines"][0]["unit_price"] == "9.00"
    assert at_home["coupon"] == {"code": "SPRING", "problem": None}


def test_coupon_that_is_over_meanwhile_is_shown_with_its_problem_and_takes_nothing_off(alice: User, api: Api) -> None:
    coupon()
    cart_of(alice, (product(price="10.00"), 1))
    client = api(alice)
    client.put(f"{CART}coupon/", {"code": "SPRING"}, format="json")
    Coupon.objects.update(ends_at=timezone.now())

    shown = client.get(CART).json()
    removed = client.delete(f"{CART}coupon/")

    assert (shown["coupon"], shown["total"]) == ({"code": "SPRING", "problem": "expired"}, "10.00")
    assert (removed.status_code, client.get(CART).json()["coupon"]) == (204, None)


def test_guests_coupon_lies_on_the_guests_cart(guest: APIClient) -> None:
    coupon()
    token = add(guest, product().sku)[TOKEN]

    guest.put(f"{CART}coupon/", {"code": "SPRING"}, format="json", headers={TOKEN: token})

    shown = guest.get(CART, headers={TOKEN: token}).json()
    assert (shown["total"], shown["coupon"]["code"]) == ("11.52", "SPRING")
    assert guest.get(CART).json()["coupon"] is None


def test_coupon_is_refused_with_a_reason(alice: User, api: Api) -> None:
    coupon(uses_limit=0)
    client = api(alice)

    unknown, used_up = (client.put(f"{CART}coupon/", {"code": code}, format="json") for code in ("WINTER", "SPRING"))

    assert_problem(unknown, 404, "unknown-coupon")
    problem = assert_problem(used_up, 409, "coupon-not-valid")
    assert (problem["code"], problem["reason"]) == ("SPRING", "used_up")


@pytest.mark.parametrize("country", ["Germany", "de", "D", ""])
def test_country_that_is_none_is_400(guest: APIClient, country: str) -> None:
    assert_problem(guest.get(CART, {"country": country}), 400, "validation-failed")


def log_in(client: APIClient, token: str) -> Any:
    body = {"email": "alice@example.com", "password": "alice-shows-the-shop"}
    return client.post("/api/v1/auth/token/", body, format="json", headers={TOKEN: token})


@pytest.mark.roadmap("frameworks/session-management")
def test_login_brings_the_guests_cart_along(guest: APIClient, alice: User, api: Api) -> None:
    desk, lamp = product(sku="DESK"), product(sku="LAMP")
    cart_of(alice, (desk, 1))
    token = add(guest, desk.sku, 2)[TOKEN]
    add(guest, lamp.sku, 1, token)

    assert log_in(guest, token).status_code == 200
    assert log_in(guest, token).status_code == 200

    assert units(api(alice)) == {"DESK": 3, "LAMP": 1}
    assert units(guest, token) == {}


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("who", ["bob", "guest", "nobody's token"])
def test_somebody_elses_line_does_not_exist(alice: User, bob: User, api: Api, who: str) -> None:
    line = cart_of(alice, (product(), 1)).lines.get()
    client = api(bob if who == "bob" else None)
    headers = {TOKEN: "x" * 43} if who == "nobody's token" else {}

    for call in (client.patch, client.delete):
        assert_problem(call(f"{LINES}{line.pk}/", {"quantity": 5}, format="json", headers=headers), 404, "not-found")

    assert CartLine.objects.get().quantity == 1


def test_line_is_changed_and_taken_out(alice: User, api: Api) -> None:
    line = cart_of(alice, (product(), 1)).lines.get()
    client = api(alice)

    changed = client.patch(f"{LINES}{line.pk}/", {"quantity": 7}, format="json")
    removed = client.delete(f"{LINES}{line.pk}/")

    assert (changed.status_code, changed.json()["quantity"], removed.status_code) == (200, 7, 204)
    assert_problem(client.delete(f"{LINES}{line.pk}/"), 404, "not-found")
    assert_problem(client.delete(f"{LINES}{uuid4()}/"), 404, "not-found")


@pytest.mark.roadmap("api/request-response-validation")
@pytest.mark.parametrize("quantity", [0, -1, 100, 1.5, "many", None, [], "9" * 400])
def test_quantity_has_bounds(alice: User, api: Api, quantity: Any) -> None:
    desk = product(sku="DESK")
    line = cart_of(alice, (desk, 1)).lines.get()
    changed = api(alice).patch(f"{LINES}{line.pk}/", {"quantity": quantity}, format="json")

    for answer in (add(api(alice), "DESK", quantity), changed):
        assert assert_problem(answer, 400, "validation-failed")["errors"][0]["pointer"] == "#/quantity"

    assert CartLine.objects.get().quantity == 1


def test_line_stops_at_its_limit(alice: User, api: Api) -> None:
    product(sku="DESK")

    answers = [add(api(alice), "DESK", 99), add(api(alice), "DESK", 99)]

    assert [answer.json()["quantity"] for answer in answers] == [99, 99]


@pytest.mark.parametrize("sku", ["UNHEARD-OF", "HIDDEN", "' OR 1=1 --"])
def test_product_that_is_not_for_sale_is_404(alice: User, api: Api, sku: str) -> None:
    ProductFactory(sku="HIDDEN", is_listed=False)

    assert assert_problem(add(api(alice), sku), 404, "unknown-product")["sku"] == sku
    assert not Cart.objects.exists()


@pytest.mark.roadmap("api/http-methods")
@pytest.mark.parametrize(("path", "method"), [(CART, "post"), (CART, "delete"), (LINES, "get"), (LINES, "put")])
def test_method_without_a_meaning_is_405(guest: APIClient, path: str, method: str) -> None:
    answer = getattr(guest, method)(path)

    assert_problem(answer, 405, "method-not-allowed")
    assert answer["Allow"]


def test_what_nobody_accepts_is_406(guest: APIClient) -> None:
    assert_problem(guest.get(CART, headers={"Accept": "text/csv"}), 406, "not-acceptable")
