"""Reviews: written, changed and taken back by their authors, hidden and shown again by the staff.

    write ─► visible ─┬─ change, withdraw   by the author
                      └─ hide ◄─► show      by the staff

Who may write one at all, `orders/reviews` knows. What they add up to is kept by the table itself
(`shop/models/reviews.py`), so no function here counts.

Refuses: a second review of one product by one buyer (AlreadyReviewed).

Roadmap: api/rest-resource-design
"""

from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from shop.cache.changes import product_changed
from shop.errors import AlreadyReviewed
from shop.models import Product, Review

if TYPE_CHECKING:
    from accounts.models import User


def write(*, author: "User", product: Product, rating: int, text: str) -> Review:
    """Write the author's one review of the product; two presses at once make one, and the other is refused."""
    review, is_new = Review.objects.get_or_create(
        product=product, author=author, defaults={"rating": rating, "text": text}
    )
    if not is_new:
        raise AlreadyReviewed(str(review.pk))
    product_changed(product.pk)
    review.refresh_from_db(fields=["created_at"])  # the database's clock wrote it
    return review


def change(review: Review, **wanted: Any) -> Review:
    """Give the review other stars, other words, or both; what is not named stays, whatever somebody else does to it."""
    Review.objects.filter(pk=review.pk).update(**wanted, updated_at=Now())
    product_changed(review.product_id)
    review.refresh_from_db(fields=[*wanted, "updated_at"])
    return review


def withdraw(review: Review) -> None:
    """Take the review back; its author may write a new one."""
    Review.objects.filter(pk=review.pk).delete()
    product_changed(review.product_id)


def hide(review: Review) -> None:
    """Take it out of sight and out of the rating; its author still finds it."""
    Review.objects.filter(pk=review.pk).update(is_hidden=True)
    product_changed(review.product_id)


def show(review: Review) -> None:
    """Let everybody see it again."""
    Review.objects.filter(pk=review.pk).update(is_hidden=False)
    product_changed(review.product_id)
