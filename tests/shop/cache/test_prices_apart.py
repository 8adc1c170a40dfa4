"""What is kept of the catalogue is what everybody sees: whoever comes first, nobody is given another's price."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from shop.cache.aside import catalogue
from shop.models import Product
from shop.visibility import requests as visibility
from shop.visibility.sight import Sight
from tests.factories import person, product

Api = Callable[..., APIClient]
#: Prices, trade prices and costs, in both forms of money.
RETAIL, TRADE, COST = ("100.00", "10000"), ("80.00", "8000"), ("41.17", "4117")
PATHS = [
    "/api/v1/products/", "/api/v2/products/", "/api/v1/products/desk/", "/api/v2/products/desk/",
    "/api/v1/products/?fields=sku,price", "/api/v1/products/?ordering=price", "/api/v1/products/?min_price=1",
]  # fmt: skip
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.roadmap("commerce/permission-based-visibility", "caching/cache-layers"),
]


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(slug="desk", sku="D-1", name="Desk", price="100.00", trade_price="80.00", cost="41.17")


@pytest.fixture
def readers(transactional_db: None, api: Api) -> dict[str, APIClient]:
    """One browser for nobody, so that what it was told is not told again by itself."""
    erin, mia = person("erin", is_business=True), person("mia", role="manager")
    return {"visitor": api(), "business": api(erin), "manager": api(mia)}


def prices(answer: Any) -> set[str]:
    """Which of the three the answer tells."""
    assert answer.status_code == 200
    text = answer.content.decode()
    return {name for name, forms in PRICES.items() if any(form in text for form in forms)}


PRICES = {"retail": RETAIL, "trade": TRADE, "cost": COST}
TOLD = {"visitor": {"retail"}, "business": {"trade"}, "manager": {"retail", "trade", "cost"}}
#: Of the price alone.
OWN = TOLD | {"manager": {"retail"}}
ROUNDS = [
    ["visitor", "visitor", "business", "manager", "visitor", "business"],
    ["business", "business", "visitor", "visitor", "manager", "business", "visitor"],
    ["manager", "visitor", "business", "manager", "visitor", "visitor"],
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("turns", ROUNDS, ids=["visitor first", "business first", "manager first"])
def test_filled_cache_gives_each_their_own_answer(
    desk: Product, readers: dict[str, APIClient], path: str, turns: list[str]
) -> None:
    answers = [(who, readers[who].get(path)) for who in turns]

    for who, answer in answers:
        assert prices(answer) == (OWN if "fields=" in path else TOLD)[who]
        assert answer["Cache-Control"].startswith("public" if who == "visitor" else "no-store")
        assert ("Cache-Status" in answer) == (who == "visitor")
    hits = [answer["Cache-Status"] for who, answer in answers if who == "visitor"][1:]
    assert any(hit.startswith("shop; hit") for hit in hits), "else nothing was kept, and this proves nothing"
    assert all("Authorization" in answer["Vary"] for who, answer in answers if who == "visitor")


@pytest.mark.parametrize("path", PATHS[:4])
def test_another_process_finds_in_redis_what_everybody_sees(
    desk: Product, readers: dict[str, APIClient], path: str
) -> None:
    for who in ("business", "manager", "visitor", "visitor", "business"):
        readers[who].get(path)
    catalogue.memory.clear()

    assert prices(readers["visitor"].get(path)) == {"retail"}
    assert prices(readers["business"].get(path)) == {"trade"}


@pytest.mark.parametrize("path", PATHS[:4])
def test_tag_of_one_answer_is_no_304_for_another(desk: Product, readers: dict[str, APIClient], path: str) -> None:
    tags = {who: client.get(path).get("ETag") for who, client in readers.items()}

    for who, client in readers.items():
        for other, tag in tags.items():
            if tag and other != who:
                assert client.get(path, headers={"If-None-Match": tag}).status_code == 200, (who, other)


def test_graphql_lets_nobody_keep_what_was_said_to_somebody(desk: Product, readers: dict[str, APIClient]) -> None:
    question = {"query": '{ product(slug: "desk") { price { amount } } }'}
    answers = {who: readers[who].get("/graphql/", question) for who in ("visitor", "business", "manager")}

    assert [prices(answer) for answer in answers.values()] == [{"retail"}, {"trade"}, {"retail"}]
    kept = [answer["Cache-Control"] for answer in answers.values()]
    assert kept == ["public, max-age=30", "no-store", "no-store"]
    assert all("Authorization" in answer["Vary"] for answer in answers.values())


def test_price_that_changes_is_another_for_both(desk: Product, readers: dict[str, APIClient], carol: User) -> None:
    path = "/api/v1/products/desk/"
    for who in ("visitor", "visitor", "business"):
        readers[who].get(path)

    Product.objects.filter(pk=desk.pk).update(trade_price="70.00")  # in psql: nobody is told, and nobody need be

    assert readers["business"].get(path).json()["price"] == "70.00"
    assert readers["visitor"].get(path).json()["price"] == "100.00"


def test_visitor_would_be_told_if_the_table_said_so(
    desk: Product, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with everybody inside, the same questions find the cost in the cache."""
    monkeypatch.setattr(visibility, "sight_in", lambda _: Sight(is_inside=True))

    assert prices(client.get(PATHS[0])) == prices(client.get(PATHS[0])) == {"retail", "trade", "cost"}
