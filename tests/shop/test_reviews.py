"""Reviews at their table: what it refuses, and the rating that follows every change, whoever makes it."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import personal
from accounts.models import User
from accounts.security_events import NOWHERE
from shop import reviews
from shop.errors import AlreadyReviewed
from shop.models import Product, Rating, Review
from tests.factories import product


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk")


def stars(wanted: Product) -> tuple[int, Decimal | None]:
    rating = Rating.objects.get(product=wanted)
    return rating.count, rating.average


def test_rating_follows_every_change(desk: Product, alice: User, bob: User) -> None:
    first = reviews.write(author=alice, product=desk, rating=5, text="Solid.")
    second = reviews.write(author=bob, product=desk, rating=2, text="")
    assert stars(desk) == (2, Decimal("3.5"))

    reviews.change(second, rating=4)
    assert stars(desk) == (2, Decimal("4.5"))
    reviews.hide(first)
    reviews.hide(first)
    assert stars(desk) == (1, Decimal("4.0"))
    reviews.change(first, rating=1)
    assert stars(desk) == (1, Decimal("4.0"))
    reviews.show(first)
    assert stars(desk) == (2, Decimal("2.5"))
    reviews.withdraw(second)
    reviews.withdraw(first)
    assert stars(desk) == (0, None)


@pytest.mark.parametrize(("given", "shown"), [([5, 4, 4], "4.3"), ([4, 5, 5], "4.7"), ([1], "1.0")])
def test_average_has_one_place(desk: Product, given: list[int], shown: str) -> None:
    crowd = User.objects.bulk_create(User(email=f"{number}@example.com") for number in range(len(given)))
    for author, rating in zip(crowd, given, strict=True):
        reviews.write(author=author, product=desk, rating=rating, text="")

    assert str(desk.rating.average) == shown


def test_buyer_has_one_review_of_a_product(desk: Product, alice: User) -> None:
    first = reviews.write(author=alice, product=desk, rating=5, text="Solid.")

    with pytest.raises(AlreadyReviewed) as refusal:
        reviews.write(author=alice, product=desk, rating=1, text="Not so solid.")

    assert refusal.value.review == str(first.pk)
    assert Review.objects.get().text == "Solid."
    reviews.withdraw(first)
    assert reviews.write(author=alice, product=desk, rating=1, text="").rating == 1


@pytest.mark.roadmap("databases/schema-design")
@pytest.mark.parametrize("rating", [0, 6])
def test_table_refuses_more_or_fewer_stars(desk: Product, alice: User, rating: int) -> None:
    with pytest.raises(IntegrityError, match="one_to_five_stars"), transaction.atomic():
        Review.objects.create(product=desk, author=alice, rating=rating)


@pytest.mark.roadmap("databases/schema-design")
def test_table_refuses_a_second_review_and_stars_that_nobody_gave(desk: Product, alice: User) -> None:
    reviews.write(author=alice, product=desk, rating=5, text="")

    with pytest.raises(IntegrityError, match="one_review_for_each_buyer"), transaction.atomic():
        Review.objects.create(product=desk, author=alice, rating=4)
    with pytest.raises(IntegrityError, match="stars_fit_their_count"), transaction.atomic():
        Rating.objects.update(total=6)


def test_rating_follows_a_change_that_no_function_of_ours_makes(desk: Product, alice: User) -> None:
    reviews.write(author=alice, product=desk, rating=5, text="")

    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_review SET rating = 3")

    assert stars(desk) == (1, Decimal("3.0"))


def test_closed_account_takes_its_reviews_along(desk: Product, alice: User, bob: User) -> None:
    reviews.write(author=alice, product=desk, rating=5, text="I live in Lime Street.")
    reviews.write(author=bob, product=desk, rating=2, text="")

    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)

    assert Review.objects.get().author == bob
    assert stars(desk) == (1, Decimal("2.0"))


def test_deleted_product_takes_reviews_and_rating_along(db: None, alice: User) -> None:
    draft = product(stocked=0)
    reviews.write(author=alice, product=draft, rating=5, text="")

    draft.delete()

    assert not Review.objects.exists()
    assert not Rating.objects.exists()
