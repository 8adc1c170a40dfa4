"""Reviews at once: every star is counted once, and a product has one review of each buyer."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from shop import reviews
from shop.errors import AlreadyReviewed
from shop.models import Product, Rating, Review
from tests.factories import product
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 8


@pytest.fixture
def desk(transactional_db: None, alice: User) -> Product:
    """A product with one review of five stars, so that there is a rating to wait for."""
    made = product()
    reviews.write(author=alice, product=made, rating=5, text="")
    return made


def crowd() -> list[User]:
    return User.objects.bulk_create(User(email=f"buyer-{number}@example.com") for number in range(CROWD))


def test_reviews_at_once_are_all_counted(desk: Product) -> None:
    writers = [partial(reviews.write, author=one, product=desk, rating=4, text="") for one in crowd()]

    outcomes = queued([desk.rating], *writers)

    assert all(isinstance(outcome, Review) for outcome in outcomes), outcomes
    rating = Rating.objects.get()
    assert (rating.count, rating.total) == (CROWD + 1, 5 + 4 * CROWD)


def count_in_python(author: User, desk: Product) -> None:
    """What counts where there is no trigger: read, add, write."""
    Review.objects.create(author=author, product=desk, rating=4)
    rating = Rating.objects.get(product=desk)
    rating.count, rating.total = rating.count + 1, rating.total + 4
    rating.save()


@pytest.fixture
def without_trigger(desk: Product) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shop_review DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE shop_review ENABLE TRIGGER USER")


@pytest.mark.breaks_the_books
@pytest.mark.usefixtures("without_trigger")
def test_counted_in_python_they_are_lost(desk: Product) -> None:
    outcomes = queued([desk.rating], *(partial(count_in_python, one, desk) for one in crowd()))

    assert outcomes == [None] * CROWD
    assert Review.objects.count() == CROWD + 1
    assert Rating.objects.get().count == 2


def test_change_and_hiding_at_once_count_nothing_twice(desk: Product) -> None:
    review = Review.objects.get()

    outcomes = queued([review], partial(reviews.change, review, rating=1), partial(reviews.hide, review))

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    rating = Rating.objects.get()
    assert (rating.count, rating.total) == (0, 0)


def test_two_presses_make_one_review(desk: Product, bob: User) -> None:
    press = partial(reviews.write, author=bob, product=desk, rating=3, text="")

    outcomes: list[Any] = queued([desk.rating], press, press)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [AlreadyReviewed.__name__, Review.__name__]
    assert Review.objects.filter(author=bob).count() == 1
