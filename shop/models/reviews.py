"""What buyers say about a product, and what their stars add up to.

    Product ─┬─ Review (rating, text, is_hidden), one for each buyer
             └─ Rating (count, total)    = the visible reviews, added up at every change by a trigger

By a trigger, because reviews come and go by more ways than `shop/reviews.py`: they leave with an account that is
closed, of which only `accounts` knows. Whoever changes a review, be it from psql, changes the sum in the same
transaction, under the lock of one row.

Roadmap: databases/schema-design, databases/keys
"""

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from shop.models.catalogue import Product

if TYPE_CHECKING:
    from accounts.models import User

WORST, BEST = 1, 5
#: Letters of one review.
LONGEST = 2000

# `total + n` reads the row under its lock: of two reviews at once the second adds to what the first has made. An INSERT
# has no OLD and a DELETE no NEW; both are null then, and count nothing.
ADD_UP = """
IF TG_OP = 'INSERT' THEN
    INSERT INTO shop_rating (product_id, count, total) VALUES (NEW.product_id, 0, 0) ON CONFLICT DO NOTHING;
END IF;
UPDATE shop_rating SET
    count = count + coalesce((NOT NEW.is_hidden)::int, 0) - coalesce((NOT OLD.is_hidden)::int, 0),
    total = total + coalesce((NOT NEW.is_hidden)::int * NEW.rating, 0)
                  - coalesce((NOT OLD.is_hidden)::int * OLD.rating, 0)
WHERE product_id = coalesce(NEW.product_id, OLD.product_id);
RETURN NULL;
"""


class ReviewQuerySet(models.QuerySet["Review"]):
    """The reads that every protocol shares."""

    def visible(self) -> "ReviewQuerySet":
        """What nobody has hidden; the same for every reader, so that a cache may keep it."""
        return self.filter(is_hidden=False)

    def visible_to(self, user: "User | None") -> "ReviewQuerySet":
        """The hidden ones, too, for who may hide them, and everybody's own."""
        if user is None:
            return self.visible()
        if user.is_staff and user.has_perm("shop.hide_review"):
            return self
        return self.filter(Q(is_hidden=False) | Q(author=user))


class Review(models.Model):
    """Stars and words of somebody who bought the product; `orders/reviews` sees to that."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(WORST), MaxValueValidator(BEST)])
    text = models.TextField(blank=True, max_length=LONGEST)
    is_hidden = models.BooleanField(default=False, help_text="Hidden by the staff: it is not shown and counts nothing.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        permissions = [("hide_review", "Can hide anybody's review")]
        constraints = [
            models.UniqueConstraint(fields=["product", "author"], name="one_review_for_each_buyer"),
            models.CheckConstraint(condition=Q(rating__gte=WORST, rating__lte=BEST), name="one_to_five_stars"),
        ]
        # The list of one product, newest first.
        indexes = [models.Index(fields=["product", "-created_at", "-id"], name="reviews_of_a_product")]
        triggers = [
            pgtrigger.Trigger(
                name="add_up",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=ADD_UP,
            )
        ]

    def __str__(self) -> str:
        return f"{self.rating} of {BEST} stars ({self.product_id})"

    @property
    def author_name(self) -> str:
        """The author's first name: enough for other buyers."""
        return (self.author.name.split() or ["A buyer"])[0]


class Rating(models.Model):
    """How many visible reviews a product has, and the sum of their stars. Written by the trigger above alone."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="rating")
    count = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=F("count") * WORST, total__lte=F("count") * BEST), name="stars_fit_their_count"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.total} stars in {self.count} reviews"

    @property
    def average(self) -> Decimal | None:
        """With one place, halves upwards; None while nobody has said anything."""
        return (Decimal(self.total) / self.count).quantize(Decimal("0.1"), "ROUND_HALF_UP") if self.count else None
