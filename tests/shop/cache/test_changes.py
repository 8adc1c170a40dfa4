"""Whoever changes what the catalogue shows says so after the commit, and exactly what shows it is void."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from accounts.preconditions.versions import version_of
from orders import checkout
from orders.idempotency import Request
from shop import assortment, categories, images, reservations, reviews, stock
from shop.cache import versions
from shop.catalogue.bulk import copy_inventions
from shop.catalogue.shelves import fill_shelves
from shop.models import Product, Review
from shop.stock import Delivery, Line
from tests.factories import cart_of, office_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import PURCHASE, render

pytestmark = pytest.mark.django_db(transaction=True)
LIST, PAGE, OTHER, SHELVES = (
    "/api/v1/products/",
    "/api/v1/products/desk/",
    "/api/v1/products/lamp/",
    "/api/v1/categories/",
)
EVERY = (LIST, PAGE, OTHER, SHELVES)


@pytest.fixture
def lamp(desk: Product) -> Product:
    return product(slug="lamp", sku="L-1", category=desk.category)


def void(client: Client) -> set[str]:
    """Ask for everything and return what had to be made anew."""
    return {path for path in EVERY if "hit" not in client.get(path)["Cache-Status"]}


@pytest.fixture
def kept(client: Client, desk: Product, lamp: Product) -> Client:
    """All four answers are kept."""
    for _ in range(2):
        void(client)
    assert void(client) == set()
    return client


class Shop(NamedTuple):
    """What the writers below write."""

    desk: Product
    alice: User
    carol: User


def atomically(write: Callable[[Shop], Any]) -> Callable[[Shop], Any]:
    def written(shop: Shop) -> None:
        with transaction.atomic():
            write(shop)

    return written


def buy(buyer: User, wanted: Product) -> None:
    cart_of(buyer, (wanted, 1))
    request = Request(buyer.pk, "key-1", "fingerprint")
    checkout.place_order(request=request, purchase=PURCHASE, gateway=FakeGateway(), render=render)


def review(shop: Shop) -> Review:
    return reviews.write(author=shop.alice, product=shop.desk, rating=4, text="Solid.")


@transaction.atomic
def given_back(shop: Shop) -> None:
    stock.reserve([Line(shop.desk.pk, 1)])
    stock.release([Line(shop.desk.pk, 1)])


#: What the admin's form asks for besides.
FORM = {"attributes": "{}", "is_listed": "on", "tax_class": "standard", "weight_g": "0"}


def changed_by_admin(shop: Shop) -> None:
    fields = {"category": shop.desk.category_id, "name": "New", "description": "-", "price": "1.00", "currency": "EUR"}
    seen = {"version": version_of(Product.objects.get(pk=shop.desk.pk))}
    page = f"/admin/shop/product/{shop.desk.pk}/change/"
    assert office_of(shop.carol).post(page, fields | FORM | seen).status_code == 302


ONE = {LIST, PAGE}
WRITERS: dict[str, tuple[Callable[[Shop], Any], set[str]]] = {
    "price": (lambda shop: assortment.change("desk", expected=None, price="9.00"), ONE),
    "unlisted": (lambda shop: assortment.unlist("desk", expected=None), ONE),
    "admin": (changed_by_admin, ONE),
    "purchase": (lambda shop: buy(shop.alice, shop.desk), ONE),
    "reserved": (
        lambda shop: reservations.reserve(
            shop.alice, key=uuid4(), lines=[Line(shop.desk.pk, 1)], lasts=timedelta(hours=1)
        ),
        ONE,
    ),
    "received": (
        atomically(lambda shop: stock.receive(product_id=shop.desk.pk, quantity=1, reference="note")), ONE,
    ),
    "imported": (
        atomically(lambda shop: stock.receive_all([Delivery(shop.desk.pk, 1, "note")], source=uuid4())), ONE,
    ),
    "counted": (atomically(lambda shop: stock.correct(product_id=shop.desk.pk, on_hand=3, reference="count")), ONE),
    "given back": (given_back, ONE),
    "reviewed": (review, ONE),
    "hidden": (lambda shop: reviews.hide(review(shop)), ONE),
    "withdrawn": (lambda shop: reviews.withdraw(review(shop)), ONE),
    "category": (lambda shop: categories.change(shop.desk.category.slug, expected=None, name="New"), {LIST, SHELVES}),
    "new category": (lambda shop: categories.add(parent=None, slug="new", name="New"), {LIST, SHELVES}),
    "seeded": (lambda shop: fill_shelves(), {LIST, SHELVES}),
    "invented": (lambda shop: list(copy_inventions(1, seed=1)), {LIST, SHELVES}),
}  # fmt: skip


@pytest.mark.roadmap("caching/event-based-invalidation")
@pytest.mark.parametrize("name", WRITERS)
def test_exactly_what_shows_it_is_void(kept: Client, desk: Product, alice: User, carol: User, name: str) -> None:
    write, gone = WRITERS[name]
    if name == "invented":
        fill_shelves()
        void(kept)

    write(Shop(desk, alice, carol))

    assert void(kept) == gone


def test_picture_is_shown_once_it_is_ready_and_never_after_it_was_removed(kept: Client, desk: Product) -> None:
    image = desk.images.create(alt="A desk", digest="1", width=9, height=9, is_ready=False)
    images._let_be_seen(str(image.pk))
    shown = kept.get(PAGE).json()["images"]

    images.remove(image)

    assert (len(shown), kept.get(PAGE).json()["images"]) == (1, [])


@pytest.mark.roadmap("caching/event-based-invalidation")
def test_nothing_is_said_before_the_commit_and_nothing_of_what_is_rolled_back(kept: Client, desk: Product) -> None:
    def tokens() -> dict[str, str]:
        return versions.ask(["products", f"product:{desk.pk}"])[0]

    before = tokens()
    with transaction.atomic():
        assortment.change("desk", expected=None, price="9.00")
        assert tokens() == before
        transaction.set_rollback(True)

    assert tokens() == before
    assert void(kept) == set()


def test_old_price_is_charged_to_nobody_though_the_list_was_kept(kept: Client, desk: Product, alice: User) -> None:
    Product.objects.filter(pk=desk.pk).update(price="99.00")  # announced to nobody: the worst case

    assert [row["price"] for row in kept.get(LIST).json()["results"] if row["slug"] == "desk"] == ["149.00"]

    buy(alice, desk)

    assert str(alice.orders.get().total) == "99.00"


def test_changed_price_is_in_the_list_at_once_for_who_changed_it(kept: Client, desk: Product) -> None:
    assortment.change("desk", expected=None, price="99.00")

    assert [row["price"] for row in kept.get(LIST).json()["results"] if row["slug"] == "desk"] == ["99.00"]
