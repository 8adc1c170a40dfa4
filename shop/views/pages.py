"""The one page about a product that people read: what a shop in front of the API would look like, without a button.

Roadmap: security/output-encoding, frameworks/template-engine
"""

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.markup import shaped
from shop.models import Product
from shop.visibility.sight import sight_of

MOST_REVIEWS = 20


@require_safe
@never_cache  # its nonce is for one answer
def product_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what is for sale and what buyers say of it. Two queries; for who is logged in their account,
    and for staff what they may see."""
    product = get_object_or_404(Product.objects.select_related("stock").defer("search_vector"), slug=slug)
    if not product.is_visible_to(request.user):
        raise Http404
    reviews = product.reviews.visible().select_related("author")[:MOST_REVIEWS]
    price = product.price_for(request.user)
    facts = {"product": product, "price": price, "description": shaped(product.description), "reviews": reviews}
    seen = {"sight": sight_of(request.user), "described": described(product, price)}
    return render(request, "shop/product.html", facts | seen)


def described(product: Product, price: Decimal) -> dict[str, Any]:
    """What search engines read (schema.org/Product)."""
    offer = {"@type": "Offer", "price": str(price), "priceCurrency": product.currency}
    names = {"name": product.name, "sku": product.sku}
    return {"@context": "https://schema.org", "@type": "Product", **names, "offers": offer}
