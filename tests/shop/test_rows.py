"""What is made from columns is what the serializers make of objects, for every product, version, member and caller."""

from collections.abc import Callable
from itertools import combinations
from itertools import product as every
from typing import Any

import pytest
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from accounts.models import User
from accounts.preconditions.versions import digest, version_of
from shop import reviews, rows
from shop.models import Product, Rating
from shop.serializers import ProductPageSerializer, ProductSerializer
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


@pytest.mark.roadmap("performance/code-optimization")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_page_is_what_the_serializer_writes_of_it(
    assortment: list[Product], api: Api, alice: User, carol: User, version: str
) -> None:
    Product.objects.filter(slug="dear").update(is_listed=False)
    products = Product.objects.select_related("category", "stock", "rating").prefetch_related(IMAGES)

    for reader in (None, alice, person("erin", is_business=True), carol):
        client, hidden = api(reader), ["reviews", "stock", *(() if reader is carol else INSIDE)]
        singles = [name for name in members(ProductPageSerializer, version) if name not in hidden]
        for row, wish in every(products if reader is carol else products.filter(is_listed=True), ["", *singles]):
            answer = client.get(f"/api/{version}/products/{row.slug}/", {"fields": wish} if wish else {})
            (plain,) = plainly(ProductPageSerializer, [row], answer, wish or ",".join(singles))
            assert answer.content == JSONRenderer().render(plain), wish
            assert answer["ETag"] == f'"{version_of(row)}-{digest(plain)}"'


@pytest.mark.parametrize("fields", ["", "sku", "images"])
def test_page_of_what_is_not_for_sale_is_for_the_house_alone(
    assortment: list[Product], api: Api, alice: User, carol: User, fields: str
) -> None:
    Product.objects.filter(slug="dear").update(is_listed=False)
    wish = {"fields": fields} if fields else {}

    for reader in (None, alice, person("erin", is_business=True)):
        hidden = api(reader).get("/api/v1/products/dear/", wish)
        missing = api(reader).get("/api/v1/products/no-such/", wish)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json()["detail"] == missing.json()["detail"]
    assert api(carol).get("/api/v1/products/dear/", wish).status_code == 200


def test_page_says_who_may_keep_it(assortment: list[Product], api: Api, alice: User) -> None:
    to_all, to_alice = (api(reader).get("/api/v1/products/free/") for reader in (None, alice))

    assert to_all["Cache-Control"] == "public, max-age=0, s-maxage=5, stale-while-revalidate=5"
    assert to_alice["Cache-Control"] == "no-store"
    assert to_all["Vary"] == "Authorization, Accept-Encoding"
    assert api().get("/api/v1/products/free/", headers={"If-None-Match": to_all["ETag"]}).status_code == 304
    assert api(alice).get("/api/v1/products/free/", headers={"If-None-Match": to_alice["ETag"]}).status_code == 304
    stale = api(alice).get("/api/v1/products/free/", headers={"If-Match": '"another"'})
    assert stale.status_code == 412


@pytest.mark.parametrize("include", ["stock", "reviews"])
def test_parts_come_beside_what_the_page_shows_without_them(
    assortment: list[Product], api: Api, carol: User, include: str
) -> None:
    page = api(carol).get("/api/v1/products/reviewed/").json()
    whole = api(carol).get("/api/v1/products/reviewed/", {"include": include}).json()

    assert whole.pop(include)
    assert whole == page


@pytest.mark.parametrize("reader", ["guest", "erin"])
@pytest.mark.parametrize("ordering", ["", "name", "-price", "created_at"])
def test_list_at_hand_is_the_list_that_filters_would_make(
    assortment: list[Product], api: Api, reader: str, ordering: str
) -> None:
    client = api(person("erin", is_business=True) if reader == "erin" else None)
    asked = {"page_size": 3} | ({"ordering": ordering} if ordering else {})

    quick, slow = (client.get("/api/v1/products/", asked | more).json() for more in ({}, {"min_price": 0}))
    while quick["next"]:
        assert quick["results"] == slow["results"]
        quick, slow = (client.get(page["next"]).json() for page in (quick, slow))
    assert quick["results"] == slow["results"]
    assert quick["previous"]
    back, slowly_back = (client.get(page["previous"]).json() for page in (quick, slow))
    assert back["results"] == slowly_back["results"]


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
