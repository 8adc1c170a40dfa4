"""What is made from columns is what the serializers make of objects, for every product, version, member and caller."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from shop import reviews, rows
from shop.models import Product, Rating
from shop.serializers import ProductSerializer
from shop.views.catalogue import IMAGES
from shop.visibility.sight import INSIDE
from tests.factories import person, product

Api = Callable[..., APIClient]
pytestmark = pytest.mark.django_db


@pytest.fixture
def assortment(db: None) -> list[Product]:
    """One of each sort: sold out, never delivered, dear, for nothing, with pictures, reviewed, hidden, of odd names."""
    made = [
        product(slug="sold-out", sku="A-1", stocked=0),
        product(slug="dear", sku="A-2", price="9999999999.99", currency="CHF"),
        product(slug="free", sku="A-3", price="0.00"),
        product(slug="odd", sku="A-4", name='Ünï "\u2028</script> 桌子', attributes={"a": [1, {"b": None}], "c": 1.5}),
        product(slug="with-pictures", sku="A-5"),
        product(slug="reviewed", sku="A-6"),
        product(slug="review-hidden", sku="A-7"),
        product(slug="for-trade", sku="A-9", price="10.00", trade_price="8.00", cost="5.55"),
        product(slug="dear-for-trade", sku="A-10", price="10.00", trade_price="12.00"),
        product(slug="trade-for-nothing", sku="A-11", price="10.00", trade_price="0.00", cost="0.00"),
        Product.objects.create(slug="never-there", sku="A-8", name="N", price="1.10", category=product().category),
    ]
    for number in range(2):
        made[4].images.create(alt=f"Ü{number}", digest=str(number), width=9, height=8 + number, is_ready=True)
    made[4].images.create(alt="not ready", digest="x", width=9, height=9)
    for number, rating in enumerate((4, 5, 5, 3)):
        reviews.write(author=person(f"buyer{number}"), product=made[5], rating=rating, text="")
    reviews.hide(reviews.write(author=person("troll"), product=made[6], rating=1, text=""))
    return made


def members(shape: Any, version: str) -> list[str]:
    return list(shape(context={"version": version}).fields)


def wishes(shape: Any, version: str, *, is_inside: bool) -> list[str]:
    """No wish, each member alone, and each pair."""
    hidden = ["reviews", "stock", *(() if is_inside else INSIDE)]
    names = [name for name in members(shape, version) if name not in hidden]
    return ["", *names, *(",".join(pair) for pair in combinations(names, 2))]


def plainly(shape: Any, products: Any, answer: Any, wish: str) -> Any:
    """What the serializer shows to whoever got the answer."""
    request: Any = answer.renderer_context["request"]
    made: Any = shape(products, many=True, context={"request": request})
    for name in [name for name in made.child.fields if wish and name not in wish.split(",")]:
        del made.child.fields[name]
    return [dict(row) for row in made.data]


@pytest.mark.roadmap("performance/code-optimization")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_list_is_what_the_serializer_shows_of_it(
    assortment: list[Product], api: Api, alice: User, carol: User, version: str
) -> None:
    erin = person("erin", is_business=True)
    products = Product.objects.listed().select_related("category", "stock", "rating").prefetch_related(IMAGES)

    clients = {reader: api(reader) for reader in (None, alice, erin, carol)}

    for reader in clients:
        for wish in wishes(ProductSerializer, version, is_inside=reader is carol):
            answer = clients[reader].get(f"/api/{version}/products/", {"fields": wish} if wish else {})
            assert answer.json()["results"] == plainly(ProductSerializer, products.order_by("name"), answer, wish), wish


@pytest.mark.parametrize("ordering", ["name", "-name", "price", "-price", "created_at", "-created_at"])
def test_pages_follow_each_other_in_every_order(assortment: list[Product], api: Api, ordering: str) -> None:
    query = {"ordering": ordering, "page_size": 2}
    found, address = [], "/api/v1/products/"
    while address:
        page = api().get(address, query if "cursor" not in address else {}).json()
        found += [row["slug"] for row in page["results"]]
        address = page["next"]

    sign = "-" if ordering.startswith("-") else ""
    assert found == list(Product.objects.listed().order_by(ordering, f"{sign}id").values_list("slug", flat=True))


@pytest.mark.parametrize("pictures", [True, False])
def test_list_is_one_query(assortment: list[Product], api: Api, django_assert_num_queries: Any, pictures: bool) -> None:
    with django_assert_num_queries(1):
        api().get("/api/v1/products/", {} if pictures else {"fields": "sku"})


def test_stars_are_those_of_the_rating() -> None:
    for count in range(40):
        for total in range(count, 5 * count + 1):
            average = Rating(count=count, total=total).average
            assert rows.stars(count, total) == (None if average is None else str(average))
