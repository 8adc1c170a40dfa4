"""One address, three answers, member by member: to everybody, to business customers, and to the house."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import api_keys, business, roles
from accounts.models import User
from accounts.security_events import NOWHERE
from shop.models import Product
from shop.money.units import minor_units
from tests.answers import assert_problem
from tests.factories import browser_of, manager, office_of, person, product
from tests.graphql_client import ask
from tests.test_openapi import DOCUMENT

Api = Callable[..., APIClient]
PAGE, LIST = "products/desk/", "products/"
#: What differs from the answer to a visitor.
SEEN: dict[str, dict[str, str]] = {
    "a customer": {},
    "a business customer": {"price": "80.00"},
    "a packer": {},
    "a manager": {"trade_price": "80.00", "cost": "41.17"},
}
pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("commerce/permission-based-visibility")]


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk", sku="D-1", name="Desk", price="100.00", trade_price="80.00", cost="41.17")


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return {
        "a customer": person("alice"),
        "a business customer": person("erin", is_business=True),
        "a packer": person("dave", role="warehouse"),
        "a manager": person("mia", role="manager"),
    }


def members(answer: Any) -> dict[str, Any]:
    """The one product of the answer."""
    assert answer.status_code == 200, answer.content
    shown: dict[str, Any] = answer.json()
    return shown["results"][0] if "results" in shown else shown


def in_version(version: str, seen: dict[str, str]) -> dict[str, Any]:
    if version == "v1":
        return dict(seen)
    return {name: {"amount": int(float(text) * 100 + 0.5), "currency": "EUR"} for name, text in seen.items()}


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("path", [PAGE, LIST, f"{LIST}?search=desk"])
def test_each_sees_the_visitors_answer_but_for_what_the_table_says(
    desk: Product, people: dict[str, User], api: Api, version: str, path: str
) -> None:
    visitor = members(api().get(f"/api/{version}/{path}"))
    answers = {who: members(api(user).get(f"/api/{version}/{path}")) for who, user in people.items()}

    assert visitor["price"] == in_version(version, {"price": "100.00"})["price"]
    assert not {"trade_price", "cost"} & set(visitor)
    for who, seen in SEEN.items():
        assert answers[who] == visitor | in_version(version, seen), who


def test_product_without_a_trade_price_costs_everybody_the_same(people: dict[str, User], api: Api) -> None:
    product(slug="desk", price="100.00", cost="41.17")
    product(slug="lamp", price="100.00", trade_price="120.00")

    for slug in ("desk", "lamp"):
        assert members(api(people["a business customer"]).get(f"/api/v1/products/{slug}/"))["price"] == "100.00"
    shown = members(api(people["a manager"]).get(f"/api/v1/{PAGE}"))
    assert (shown["price"], shown["trade_price"], shown["cost"]) == ("100.00", None, "41.17")
    in_cents = members(api(people["a manager"]).get(f"/api/v2/{PAGE}"))
    assert (in_cents["trade_price"], in_cents["cost"]) == (None, {"amount": 4117, "currency": "EUR"})


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize("path", [PAGE, LIST])
@pytest.mark.parametrize("wish", ["cost", "trade_price", "sku,cost"])
def test_member_that_one_may_not_see_cannot_be_asked_for_either(
    desk: Product, people: dict[str, User], api: Api, path: str, wish: str
) -> None:
    clients = {"a visitor": api(), **{who: api(user) for who, user in people.items()}}
    keeper = members(clients.pop("a manager").get(f"/api/v1/{path}", {"fields": wish}))

    assert list(keeper) == wish.split(",")
    for who, client in clients.items():
        refused = assert_problem(client.get(f"/api/v1/{path}", {"fields": wish}), 400, "validation-failed")
        made_up = assert_problem(client.get(f"/api/v1/{path}", {"fields": "prize"}), 400, "validation-failed")
        told, usual = refused["errors"][0]["detail"], made_up["errors"][0]["detail"]
        assert told.partition("There are: ")[2] == usual.partition("There are: ")[2], who
        assert "cost" not in usual


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize(
    "query", ["ordering=cost", "ordering=-trade_price", "min_cost=1", "cost=41.17", "max_trade_price=9"]
)
def test_nobody_narrows_or_orders_by_what_they_may_not_see(
    desk: Product, people: dict[str, User], api: Api, query: str
) -> None:
    for user in (None, *people.values()):
        answer = api(user).get(f"/api/v1/{LIST}?{query}")
        assert answer.status_code == 400
        assert "41.17" not in answer.content.decode().replace(query, "")


def test_each_narrows_and_orders_by_the_price_that_they_see(people: dict[str, User], api: Api) -> None:
    for slug, price, trade in (("a", "100.00", "20.00"), ("b", "50.00", None), ("c", "70.00", "60.00")):
        product(slug=slug, sku=slug.upper(), price=price, trade_price=trade)
    asked = {
        f"/api/v1/{LIST}?ordering=price": ("bca", "abc"),
        f"/api/v1/{LIST}?ordering=-price&page_size=1": ("acb", "cba"),
        f"/api/v1/{LIST}?max_price=65": ("b", "abc"),
        f"/api/v1/{LIST}?min_price=60&ordering=price": ("ca", "c"),
    }

    for path, expected in asked.items():
        for user, slugs in zip((people["a customer"], people["a business customer"]), expected, strict=True):
            assert "".join(walk(api(user), path)) == slugs, path


def walk(client: APIClient, path: str | None) -> list[str]:
    """The slugs of all pages, one after the other."""
    found: list[str] = []
    while path:
        page = client.get(path).json()
        found += [row["slug"] for row in page["results"]]
        path = page["next"]
    return found


QUESTION = """{
    product(slug: "desk") { price { amount } }
    products(maxPrice: "90", orderBy: PRICE) { edges { node { price { amount } } } }
}"""
ADD = """mutation { addToCart(sku: "D-1", quantity: 2) { cart {
    total { amount } lines { unitPrice { amount } product { price { amount } } }
} } }"""


def test_graphql_shows_the_same_prices_and_has_no_word_for_the_rest(
    desk: Product, people: dict[str, User], api: Api
) -> None:
    for who, price in (("a customer", "100.00"), ("a business customer", "80.00"), ("a manager", "100.00")):
        said = ask(api(people[who]), QUESTION)
        assert said["product"]["price"]["amount"] == price
        found = [edge["node"]["price"]["amount"] for edge in said["products"]["edges"]]
        assert found == (["80.00"] if price == "80.00" else []), who
        for name in ("cost", "tradePrice"):
            document = {"query": f'{{ product(slug: "desk") {{ {name} }} }}'}
            assert api(people[who]).post("/graphql/", document, format="json").status_code == 400


def test_graphql_cart_is_added_up_at_the_price_of_its_owner(desk: Product, people: dict[str, User], api: Api) -> None:
    for who, price, total in (("a customer", "100.00", "200.00"), ("a business customer", "80.00", "160.00")):
        shown = ask(api(people[who]), ADD)["addToCart"]["cart"]
        assert shown["total"]["amount"] == total
        assert shown["lines"] == [{"unitPrice": {"amount": price}, "product": {"price": {"amount": price}}}]
        assert ask(api(people[who]), "{ me { isBusiness } }")["me"]["isBusiness"] == (who == "a business customer")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_table_has_the_columns_that_its_reader_may_see(
    desk: Product, people: dict[str, User], api: Api, version: str
) -> None:
    tables = {}
    for who, user in (("a visitor", None), *people.items()):
        answer = api(user).get(f"/api/{version}/{LIST}", headers={"Accept": "text/csv"})
        [tables[who]] = csv.DictReader(answer.content.decode().splitlines())

    columns = [name if version == "v1" else f"{name}.amount" for name in ("price", "trade_price", "cost")]
    shown = {who: [row.get(name) for name in columns] for who, row in tables.items()}
    price, trade, cost = ("100.00", "80.00", "41.17") if version == "v1" else ("10000", "8000", "4117")
    assert shown["a visitor"] == shown["a customer"] == shown["a packer"] == [price, None, None]
    assert shown["a business customer"] == [trade, None, None]
    assert shown["a manager"] == [price, trade, cost]


def test_page_for_people_shows_the_same(desk: Product, people: dict[str, User]) -> None:
    browsers = {"a visitor": Client(), **{who: browser_of(user) for who, user in people.items()}}
    pages = {who: browser.get("/products/desk/").content.decode() for who, browser in browsers.items()}

    for who, page in pages.items():
        sees = [price for price in ("100.00", "80.00", "41.17") if price in page]
        expected = {"a business customer": ["80.00"], "a manager": ["100.00", "80.00", "41.17"]}
        assert sees == expected.get(who, ["100.00"]), who


@pytest.mark.roadmap("security/broken-access-control")
def test_what_is_not_listed_is_there_for_the_house_alone(desk: Product, people: dict[str, User], api: Api) -> None:
    Product.objects.update(is_listed=False)
    clients = {"a visitor": api(), **{who: api(user) for who, user in people.items()}}

    for version in ("v1", "v2"):
        found = {who for who, client in clients.items() if client.get(f"/api/{version}/{PAGE}").status_code == 200}
        assert found == {"a packer", "a manager"}
    for client in clients.values():
        assert client.get(f"/api/v1/{LIST}").json()["results"] == []
        gone = client.post("/graphql/", {"query": '{ product(slug: "desk") { sku } }'}, format="json").json()
        assert gone["errors"][0]["extensions"]["status"] == 404


@pytest.mark.roadmap("auth/oauth2-scopes")
@pytest.mark.parametrize(("scopes", "sees"), [(["catalog:read"], False), (["catalog:read", "catalog:write"], True)])
def test_program_that_only_reads_the_catalogue_is_not_told_what_it_costs(
    desk: Product, people: dict[str, User], client: Client, scopes: list[str], sees: bool
) -> None:
    lasts = timedelta(days=1)
    _, key = api_keys.make(people["a manager"], name="k", scopes=scopes, networks=[], lasts=lasts, origin=NOWHERE)

    shown = members(client.get(f"/api/v1/{PAGE}", headers={"Authorization": f"Api-Key {key}"}))

    assert ("cost" in shown, "trade_price" in shown) == (sees, sees)


def test_account_decides_as_it_is_now_and_not_the_token(desk: Product, people: dict[str, User], api: Api) -> None:
    erin, mia = people["a business customer"], people["a manager"]
    hers, boss = api(erin), api(mia)
    before = (members(hers.get(f"/api/v1/{PAGE}"))["price"], "cost" in members(boss.get(f"/api/v1/{PAGE}")))

    business.withdraw(erin, by=manager(), origin=NOWHERE)
    roles.give(mia, "support")

    assert before == ("80.00", True)
    assert (members(hers.get(f"/api/v1/{PAGE}"))["price"]) == "100.00"
    assert "cost" not in members(boss.get(f"/api/v1/{PAGE}"))


def test_counter_shows_the_packer_no_cost_and_lets_a_manager_write_it(desk: Product, people: dict[str, User]) -> None:
    page = f"/admin/shop/product/{desk.pk}/change/"
    packer, keeper = office_of(people["a packer"]), office_of(people["a manager"])
    seen, form = packer.get(page).content.decode(), keeper.get(page)

    fields = {name: field for name, field in form.context["adminform"].form.initial.items() if field is not None}
    wanted = fields | {"cost": "39.99", "trade_price": "", "bulk_from": "", "bulk_prices": "", "attributes": "{}"}
    written = keeper.post(page, wanted)

    assert "100.00" in seen
    assert not [word for word in ("41.17", "80.00", "Trade price") if word in seen]
    assert written.status_code == 302, written.context["errors"]
    desk.refresh_from_db()
    assert (str(desk.cost), desk.trade_price, minor_units(desk.price)) == ("39.99", None, 10_000)


def test_version_of_a_row_tells_nobody_what_is_in_it(desk: Product, api: Api, settings: Any) -> None:
    """The tag is made of the whole row; unless it is keyed, whoever knows the rest finds the cost by trying."""
    tags = []
    for secret in ("one", "another"):
        settings.SECRET_KEY = secret
        tags.append(APIClient().get(f"/api/v1/{PAGE}")["ETag"])

    assert tags[0].split("-")[0] != tags[1].split("-")[0]


def test_form_of_the_answer_is_told_in_the_document() -> None:
    shape = DOCUMENT["components"]["schemas"]["Product"]

    assert {"trade_price", "cost"} <= set(shape["properties"])
    assert not {"trade_price", "cost"} & set(shape["required"])
    assert json.dumps(shape["properties"]["cost"]).count("Only for staff") == 1
