"""What an approved business customer is charged: decided by the account as it stands when the button is pressed, and
by nothing that a client sends, keeps or was shown."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import business, roles
from accounts.models import User
from accounts.security_events import NOWHERE
from orders import cart, checkout, coupons
from orders.idempotency import Request
from orders.models import Coupon, Order
from tests.factories import cart_of, manager, person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, PURCHASE, render

Api = Callable[..., APIClient]
CART, LINES = "/api/v1/cart/", "/api/v1/cart/lines/"
pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("commerce/permission-based-visibility")]


@pytest.fixture
def erin(db: None) -> User:
    """Buys for a business, which was approved."""
    return person("erin", is_business=True)


def bought(buyer: User, gateway: FakeGateway, key: str = "key-1") -> Order:
    asked = Request(buyer.pk, key, "fingerprint")
    checkout.place_order(request=asked, purchase=PURCHASE, gateway=gateway, render=render)
    return Order.objects.with_details().get(idempotency_key__key=key)


def charged(order: Order) -> tuple[list[Decimal], Decimal]:
    return [line.unit_price for line in order.known_lines], order.payment.amount


#: What the product says: price, trade price, quantity prices, units. Then what a customer and a business pay for one.
PRICES: list[tuple[str, str | None, list[tuple[int, str]], int, str, str]] = [
    ("10.00", "8.00", [], 1, "10.00", "8.00"),
    ("10.00", None, [], 1, "10.00", "10.00"),
    ("10.00", "12.00", [], 1, "10.00", "10.00"),
    ("10.00", "10.00", [], 1, "10.00", "10.00"),
    ("10.00", "8.00", [(3, "9.00")], 3, "9.00", "8.00"),
    ("10.00", "8.00", [(3, "7.00")], 3, "7.00", "7.00"),
    ("10.00", "8.00", [(3, "7.00")], 2, "10.00", "8.00"),
    ("10.00", None, [(3, "7.00")], 3, "7.00", "7.00"),
    ("10.00", "0.60", [(3, "0.70")], 3, "0.70", "0.60"),
]


@pytest.mark.parametrize(("price", "trade", "bulk", "units", "plain", "less"), PRICES)
@pytest.mark.django_db(transaction=True)
def test_each_pays_the_lowest_price_that_they_have_earned(
    alice: User, erin: User, api: Api, price: str, trade: str | None, bulk: list[Any], units: int, plain: str, less: str
) -> None:
    steps = {"bulk_from": [least for least, _ in bulk], "bulk_prices": [each for _, each in bulk]}
    wanted = product(price=price, trade_price=trade, **steps)

    for buyer, one in ((alice, plain), (erin, less)):
        cart_of(buyer, (wanted, units))
        shown = api(buyer).get(CART).json()
        order = bought(buyer, FakeGateway(), f"key of {buyer.name}")

        assert ([line["unit_price"] for line in shown["lines"]], shown["total"]) == ([one], str(Decimal(one) * units))
        assert charged(order) == ([Decimal(one)], Decimal(one) * units)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_shown_as", [True, False])
def test_what_the_account_is_at_the_press_decides_and_not_what_the_cart_showed(
    erin: User, gateway: FakeGateway, api: Api, is_shown_as: bool
) -> None:
    User.objects.filter(pk=erin.pk).update(is_business=is_shown_as)
    client = api(erin)
    cart_of(erin, (product(price="10.00", trade_price="8.00"), 1))
    before = client.get(CART).json()["total"]

    way: Any = business.withdraw if is_shown_as else business.approve
    assert way(erin, by=manager(), origin=NOWHERE)

    assert before == ("8.00" if is_shown_as else "10.00")
    assert client.get(CART).json()["total"] == ("10.00" if is_shown_as else "8.00"), "with the token of before"
    assert charged(bought(erin, gateway))[1] == Decimal("10.00" if is_shown_as else "8.00")


@pytest.mark.django_db(transaction=True)
def test_price_of_the_body_is_refused_and_that_of_the_account_charged(
    erin: User, provider: Any, api: Api, alice: User
) -> None:
    wanted, body = product(price="10.00", trade_price="8.00"), {"payment_method": "pm_card_visa"}
    body |= {"shipping_address": ADDRESS}  # type: ignore[dict-item] # a body is JSON
    totals = []
    for buyer in (alice, erin):
        cart_of(buyer, (wanted, 1))
        client = api(buyer)
        for name in ("is_business", "trade_price", "unit_price"):
            tampered = client.post(
                "/api/v1/orders/", {**body, name: "8.00"}, format="json", headers={"Idempotency-Key": name}
            )
            assert (tampered.status_code, tampered.json()["errors"][0]["pointer"]) == (400, f"#/{name}")
        made = client.post("/api/v1/orders/", body, format="json", headers={"Idempotency-Key": "key-1"})
        totals.append(made.json()["total"])

    assert totals == ["10.00", "8.00"]


@pytest.mark.django_db(transaction=True)
def test_coupon_takes_off_what_the_business_would_pay(erin: User, gateway: FakeGateway, api: Api) -> None:
    Coupon.objects.create(code="SPRING", kind="percentage", value=10)
    cart_of(erin, (product(price="10.00", trade_price="8.00"), 2))
    coupons.attach(erin, "SPRING")
    shown = api(erin).get(CART).json()

    order = bought(erin, gateway)

    assert [shown[part] for part in ("subtotal", "discount", "total")] == ["16.00", "1.60", "14.40"]
    assert (order.subtotal, order.discount, order.total) == (Decimal("16.00"), Decimal("1.60"), Decimal("14.40"))


@pytest.mark.django_db(transaction=True)
def test_who_works_here_pays_what_everybody_pays(erin: User, gateway: FakeGateway, api: Api) -> None:
    roles.give(erin, "support")
    cart_of(erin, (product(price="10.00", trade_price="8.00"), 1))

    assert api(erin).get(CART).json()["total"] == "10.00"
    assert charged(bought(erin, gateway))[1] == Decimal("10.00")


def test_guest_sees_the_price_of_everybody_and_a_login_that_of_the_account(erin: User, api: Api) -> None:
    wanted, guest = product(price="10.00", trade_price="8.00"), api()
    line = guest.post(LINES, {"sku": wanted.sku, "quantity": 2}, format="json")
    token = line.headers["X-Cart-Token"]

    with_guest = cart.of(token).get()
    cart.merge(with_guest, cart.open_for_user(erin))

    assert line.json()["unit_price"] == "10.00"
    assert api(erin).get(CART).json()["total"] == "16.00"


def test_each_answer_about_a_line_shows_the_price_of_whose_cart_it_is(erin: User, api: Api) -> None:
    wanted, client = product(price="10.00", trade_price="8.00"), api(erin)

    added = client.post(LINES, {"sku": wanted.sku}, format="json").json()
    changed = client.patch(f"{LINES}{added['id']}/", {"quantity": 3}, format="json").json()

    assert (added["unit_price"], changed["unit_price"]) == ("8.00", "8.00")


@pytest.mark.django_db(transaction=True)
def test_purchase_at_a_trade_price_costs_no_statement_more(alice: User, erin: User, provider: Any, api: Api) -> None:
    wanted, body = product(price="10.00", trade_price="8.00"), {"payment_method": "pm_card_visa"}
    costs, totals = [], []
    for buyer in (alice, erin):
        cart_of(buyer, (wanted, 1), (product(), 1))
        sent, client = {**body, "shipping_address": ADDRESS}, api(buyer)
        with CaptureQueriesContext(connection) as captured:
            made = client.post("/api/v1/orders/", sent, format="json", headers={"Idempotency-Key": "key-1"})
        costs.append(len([query for query in captured if query["sql"] not in {"BEGIN", "COMMIT"}]))
        totals.append(made.json()["total"])

    assert totals == ["22.80", "20.80"]
    assert costs[0] == costs[1]
