"""One purchase seen through two versions of the API: the same order and the same money, written in two ways."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders import payments
from orders.models import Order, Payment, Refund
from shop.models import Product
from tests.answers import assert_problem
from tests.examples.stand_ins import masked
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, ordered
from tests.orders.test_cost import listening

pytestmark = [pytest.mark.roadmap("api/versioning"), pytest.mark.usefixtures("provider")]
Api = Callable[..., APIClient]
BODY = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
PROVED = ("pwd", "otp")


@pytest.fixture
def provider(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr("orders.gateways.configured", lambda: gateway)
    return gateway


def amounts(old: Any, new: Any, currency: str = "") -> int:
    """Assert that the two say the same of the same things; return how many amounts of money they share."""
    if isinstance(old, list):
        return sum(amounts(one, other, currency) for one, other in zip(old, new, strict=True))
    if not isinstance(old, dict):
        assert str(new).replace("/api/v2/", "/api/v1/") == str(old)
        return 0
    currency = old.get("currency") or currency
    shared, money = (
        0,
        {name for name in new if isinstance(new[name], dict) and set(new[name]) == {"amount", "currency"}},
    )
    assert set(new) == set(old) - {"currency"}
    for name in money:
        assert new[name] == {"amount": int(Decimal(old[name]) * 100), "currency": currency}
        assert type(new[name]["amount"]) is int
    for name in set(new) - money:
        shared += amounts(old[name], new[name], currency)
    return shared + len(money)


def by_sku(order: Any) -> Any:
    """The lines of one click stand in the order of their ids, which are random."""
    return order | {"lines": sorted(order["lines"], key=lambda line: str(line["sku"]))}


def press(client: APIClient, version: str, key: str = "key-1") -> Any:
    return client.post(f"/api/{version}/orders/", BODY, format="json", headers={"Idempotency-Key": key})


def test_same_purchase_gives_the_same_order(alice: User, bob: User, api: Api) -> None:
    desk, lamp = product(price="149.00"), product(price="19.99")
    for buyer in (alice, bob):
        cart_of(buyer, (desk, 2), (lamp, 1))

    old, new = press(api(alice), "v1"), press(api(bob), "v2")
    bought = [by_sku(masked(answer.json())) for answer in (old, new)]

    assert (old.status_code, new.status_code) == (201, 201)
    assert new.json()["total"] == {"amount": 31799, "currency": "EUR"}
    assert amounts(*bought) == 1 + 4 + 2 + 2 * 2 + 2, "total and parts, tax, lines, payment"
    assert new["Location"] == f"http://testserver/api/v2/orders/{new.json()['number']}/"
    assert list(Order.objects.values_list("total", flat=True)) == [Decimal("317.99")] * 2


PARTS = 1 + 4 + 2  # the total, what it is made up of, and the tax of one rate
PLACES = {"cart/": 1 + 4 + 2, "orders/": 1, "orders/{number}/": PARTS + 2 + 2 + 1, "account/export/": PARTS + 2 + 2 + 2,
    "products/": 3, "products/desk/": 1}  # fmt: skip


@pytest.mark.parametrize(("place", "count"), PLACES.items())
def test_what_is_there_is_worth_the_same_in_both(
    alice: User, api: Api, gateway: FakeGateway, place: str, count: int
) -> None:
    order = ordered(alice, gateway)
    Refund.objects.create(payment=order.payment, amount=Decimal("0.01"))
    Payment.objects.update(refunded_amount=Decimal("0.01"))
    cart_of(alice, (product(slug="desk", price="149.00"), 1), (product(price="0.50"), 3))

    client, where = api(alice), place.format(number=order.number)
    old, new = (client.get(f"/api/{version}/{where}") for version in ("v1", "v2"))

    assert old.status_code == new.status_code == 200
    assert amounts(old.json(), new.json()) == count


def test_v2_asks_the_database_no_more(alice: User, api: Api, gateway: FakeGateway) -> None:
    order, client, asked = ordered(alice, gateway), api(alice), []
    cart_of(alice, (product(), 1), (product(), 3))
    for version in ("v1", "v2"):
        with listening() as wire:
            client.get(f"/api/{version}/orders/{order.number}/")
            client.get(f"/api/{version}/cart/")
            client.get(f"/api/{version}/account/export/")
            press(client, version, key=f"key-{version}")
        asked.append(len(wire.statements))
        cart_of(alice, (product(), 1), (product(), 3))

    assert asked[0] == asked[1]


def test_sum_of_no_currency_is_no_money(alice: User, api: Api) -> None:
    empty = [api(alice).get(f"/api/{version}/cart/").json() for version in ("v1", "v2")]
    cart_of(alice, (product(currency="EUR"), 1), (product(currency="CHF"), 1))
    mixed = [api(alice).get(f"/api/{version}/cart/").json() for version in ("v1", "v2")]

    assert [cart["total"] for cart in empty] == ["0.00", None], "nothing costs nothing, in which currency ever"
    assert [cart["total"] for cart in mixed] == [None, None]
    assert "currency" in empty[0]
    assert not [cart for cart in (empty[1], mixed[1]) if "currency" in cart]
    assert {line["unit_price"]["currency"] for line in mixed[1]["lines"]} == {"CHF", "EUR"}


@pytest.mark.roadmap("api/idempotency")
def test_key_of_one_version_is_refused_in_the_other_and_buys_nothing_twice(alice: User, api: Api) -> None:
    cart_of(alice, (product(), 1))
    first = press(api(alice), "v1")
    cart_of(alice, (product(), 1))

    assert_problem(press(api(alice), "v2"), 422, "idempotency-key-reused")
    again = press(api(alice), "v1")

    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert Order.objects.count() == 1


def test_kept_answer_of_v2_is_given_again_byte_for_byte(alice: User, api: Api) -> None:
    cart_of(alice, (product(), 1))
    first, again = (press(api(alice), "v2") for _ in range(2))

    assert first.status_code == 201
    assert (again.content, again["Location"]) == (first.content, first["Location"])


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    """Two units of 12.80, taken."""
    made = ordered(alice, gateway, key="earlier")
    payments.capture(made.pk, gateway=gateway)
    return made


def refund(client: APIClient, order: Order, amount: Any, version: str = "v2") -> Any:
    place = f"/api/{version}/orders/{order.number}/refunds/"
    return client.post(place, {"amount": amount}, format="json", headers={"Idempotency-Key": "key-1"})


def test_refund_is_asked_for_and_promised_in_cents(order: Order, carol: User, api: Api) -> None:
    answer = refund(api(carol, *PROVED), order, {"amount": 1250, "currency": "EUR"})

    assert answer.status_code == 201
    assert answer.json()["amount"] == {"amount": 1250, "currency": "EUR"}
    assert Refund.objects.get().amount == Decimal("12.50")


BAD_MONEY = [
    ({"amount": 1250, "currency": "CHF"}, "#/amount/currency"),
    ({"amount": 1250, "currency": "JPY"}, "#/amount/currency"),
    ({"amount": 0, "currency": "EUR"}, "#/amount/amount"), ({"amount": 12.5, "currency": "EUR"}, "#/amount/amount"),
    ({"amount": "1250", "currency": "EUR"}, "#/amount/amount"), ({"amount": 1250}, "#/amount/currency"),
    ({"currency": "EUR"}, "#/amount/amount"), ("12.50", "#/amount"), (1250, "#/amount"), (None, "#/amount"),
    ({"amount": 10**12, "currency": "EUR"}, "#/amount/amount"),
    ({"amount": 1, "currency": "EUR", "exponent": 2}, "#/amount/exponent"),
]  # fmt: skip


@pytest.mark.parametrize(("amount", "pointer"), BAD_MONEY)
def test_refund_of_what_is_no_money_of_the_order_is_refused(
    order: Order, carol: User, api: Api, amount: Any, pointer: str
) -> None:
    problem = assert_problem(refund(api(carol, *PROVED), order, amount), 400, "validation-failed")

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not Refund.objects.exists()


def test_refusal_that_names_an_amount_names_it_as_its_version_does(order: Order, carol: User, api: Api) -> None:
    old = refund(api(carol, *PROVED), order, "25.61", "v1").json()
    new = refund(api(carol, *PROVED), order, {"amount": 2561, "currency": "EUR"}).json()

    assert (old["type"], old["refundable"], old["currency"]) == (new["type"], "25.60", "EUR")
    assert (new["refundable"], "currency" in new) == ({"amount": 2560, "currency": "EUR"}, False)


DESKS = "/api/v2/products/"
DESK = {
    "sku": "D-1",
    "slug": "desk",
    "name": "Desk",
    "description": "Oak.",
    "price": {"amount": 14900, "currency": "CHF"},
}


def test_keeper_prices_in_cents(carol: User, api: Api) -> None:
    shelf, keeper = product().category, api(carol, *PROVED)

    added = keeper.post(DESKS, {**DESK, "category": shelf.slug}, format="json")
    price = {"price": {"amount": 9900, "currency": "EUR"}}
    changed = keeper.patch(f"{DESKS}desk/", price, format="json", headers={"If-Match": "*"})

    assert (added.status_code, added.json()["price"]) == (201, DESK["price"])
    assert added["Location"] == f"http://testserver{DESKS}desk/"
    assert (changed.json()["price"], "currency" in changed.json()) == (price["price"], False)
    assert Product.objects.values_list("price", "currency").get(slug="desk") == (Decimal("99.00"), "EUR")


@pytest.mark.parametrize(
    "body", [{"price": "149.00"}, {"currency": "CHF"}, {"price": {"amount": -1, "currency": "EUR"}}]
)
def test_price_of_v1_is_no_price_in_v2(carol: User, api: Api, body: Any) -> None:
    product(slug="desk", price="120.00")

    answer = api(carol, *PROVED).patch(f"{DESKS}desk/", body, format="json", headers={"If-Match": "*"})

    assert_problem(answer, 400, "validation-failed")
    assert Product.objects.values_list("price", "currency").get() == (Decimal("120.00"), "EUR")


def test_tag_that_was_read_in_one_version_lets_its_reader_write_in_the_other(carol: User, api: Api) -> None:
    product(slug="desk")
    tag = api(carol, *PROVED).get("/api/v1/products/desk/")["ETag"]

    answer = api(carol, *PROVED).patch(f"{DESKS}desk/", {"name": "Elm"}, format="json", headers={"If-Match": tag})

    assert answer.status_code == 200
    assert answer["ETag"] != tag


FOUND = [
    ("min_price=100", ["149.00"]),
    ("max_price=19.99", ["0.50", "19.99"]),
    ("ordering=-price", ["149.00", "19.99", "0.50"]),
]


@pytest.mark.parametrize(("query", "prices"), FOUND)
def test_price_in_a_query_is_a_decimal_in_every_version(api: Api, db: None, query: str, prices: list[str]) -> None:
    """In cents, `min_price=100` would find everything above one euro and nobody would notice."""
    for price in ("0.50", "19.99", "149.00"):
        product(price=price)

    old, new = (api(None).get(f"/api/{version}/products/?{query}").json()["results"] for version in ("v1", "v2"))

    assert sorted(row["price"] for row in old) == sorted(prices)
    assert [row["price"]["amount"] for row in new] == [int(Decimal(row["price"]) * 100) for row in old]


def test_table_has_two_columns_for_money(api: Api, db: None) -> None:
    product(sku="D-1", price="149.00")

    table = api(None).get(DESKS, headers={"Accept": "text/csv"}).content.decode()

    names, row = (line.split(",") for line in table.splitlines())
    shown = dict(zip(names, row, strict=True))
    assert (shown["sku"], shown["price.amount"], shown["price.currency"]) == ("D-1", "14900", "EUR")
    assert not {"price", "currency"} & set(names)


def test_members_are_chosen_by_the_names_of_the_version(api: Api, db: None) -> None:
    product(price="149.00")

    old, new = (api(None).get(f"/api/{version}/products/?fields=price").json()["results"] for version in ("v1", "v2"))

    assert (old, new) == ([{"price": "149.00"}], [{"price": {"amount": 14900, "currency": "EUR"}}])
    assert api(None).get("/api/v1/products/?fields=currency").json()["results"] == [{"currency": "EUR"}]
    assert_problem(api(None).get("/api/v2/products/?fields=currency"), 400, "validation-failed")


def test_parts_that_come_along_have_money_of_the_version(alice: User, api: Api, gateway: FakeGateway) -> None:
    ordered(alice, gateway)

    with listening() as wire:
        old, new = (api(alice).get(f"/api/{version}/orders/?include=lines,payment") for version in ("v1", "v2"))

    assert amounts(old.json(), new.json()) == 1 + 2 + 2
    assert len([sql for sql in wire.statements if "orders_orderline" in sql]) == 2, "one for each answer"
