"""A review by somebody who bought the thing: the one step of reviews that needs to know of orders.

All other steps are in `shop/reviews.py`; here, because nothing of the shop may know who buys.

Refuses: who has no paid order of the product (NotAllowed), and what `shop.reviews.write` refuses.

Roadmap: auth/policy-based-authorization
"""

from typing import TYPE_CHECKING

from orders import policies
from shop import reviews
from shop.models import Product, Review

if TYPE_CHECKING:
    from accounts.models import User


def write(*, author: "User", product: Product, rating: int, text: str) -> Review:
    """Write the review of a verified buyer. An order that is cancelled later leaves it standing: it was bought."""
    policies.require("review.write", author, product)
    return reviews.write(author=author, product=product, rating=rating, text=text)
