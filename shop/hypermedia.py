"""Where a product leads: to its own page, to what buyers say of it, and into the cart while there is one to be had.

Carts and reviews are known here by the names of their routes alone; what answers there stands further left.

Roadmap: api/hateoas
"""

from accounts.hypermedia import Guide, Links
from shop.models import Product


def of_product(guide: Guide, product: Product) -> Links:
    """Asks no query beside the stock, which is read with the product."""
    yield "self", guide.link("product", product.slug)
    if not product.is_listed:  # staff see it, nobody buys it
        return
    yield "reviews", guide.link("reviews", product.slug)
    if hasattr(product, "stock") and product.stock.available:
        yield "add-to-cart", guide.link("cart-lines", method="POST")
