"""Products as clients see them, made from columns instead of objects: the same answer as the serializers', sooner.

The plain way, which `shop/serializers.py` still is, for the API's document, for writes and for whoever adds a member:

    products = Product.objects.listed().select_related("category", "stock", "rating").prefetch_related(IMAGES)
    return Response(ProductSerializer(products, many=True, context={"request": request}).data)

Per product that makes four objects, asks a serializer field by field, and reverses three routes to write the links; and
pictures are a second query. Here a product is one tuple of one query, a link is a route reversed once with a place left
free. Of the processor time of a page of 24, throttling and all, 13.3 ms became 5.0 (`docs/decisions/0021-cache.md`).
A product's own page is made so as well, unless parts of it are asked for by `include`; what reads both is `reading.py`.
`tests/shop/test_rows.py` holds both ways equal, for every product, version, member and caller. A member that is
added there is missed here by that test.

Roadmap: performance/code-optimization
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.core.files.storage import default_storage
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.hypermedia import Guide, Link
from shop.models.images import THUMBNAILS, WHOLE, file_name
from shop.money.shapes import is_textual, told
from shop.visibility.sight import INSIDE

#: Stands in a route where the slug belongs.
FREE = "_-_"


class Shaper:
    """Shapes rows for one request."""

    def __init__(self, request: Request, members: Iterable[str]) -> None:
        guide = Guide(request)
        self._absolute = request.build_absolute_uri
        self._is_textual = is_textual({"request": request})
        self._members = tuple(members)
        self._inside = [name for name in INSIDE if name in self._members]
        self._own, self._reviews = (_parts(guide.link(route, FREE)) for route in ("product", "reviews"))
        self._cart = guide.link("cart-lines", method="POST")

    def shaped(self, rows: Any) -> list[dict[str, Any]]:
        """Return what the list shows of each."""
        members = self._members
        return [{name: shown[name] for name in members} for shown in map(self._shown, rows)]

    def page(self, row: Any) -> dict[str, Any]:
        """Return what its own page shows of it."""
        own = {"description": row.description, "attributes": row.attributes, "is_listed": row.is_listed}
        shown = self._shown(row) | own
        return {name: shown[name] for name in self._members}

    def _shown(self, row: Any) -> dict[str, Any]:
        on_hand = row.stock__on_hand
        available = 0 if on_hand is None else on_hand - row.stock__reserved
        count = row.rating__count
        return {
            "sku": row.sku,
            "slug": row.slug,
            "name": row.name,
            "category": row.category__slug,
            "price": self._price(row.own_price, row.currency),
            "currency": row.currency,
            **{name: self._price(getattr(row, name), row.currency) for name in self._inside},
            "available": available,
            "rating": stars(count, row.rating__total),
            "review_count": count or 0,
            "images": self.pictures(getattr(row, "pictures", ())),
            "_links": self.links(row.slug, is_listed=row.is_listed, is_available=available > 0),
        }

    def _price(self, price: Decimal | None, currency: str) -> Any:
        if price is None:
            return None
        return str(price) if self._is_textual else told(price, currency)

    def pictures(self, pictures: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return pictures as `ImageSerializer` shows them."""
        return [
            {
                "url": self._address(picture["id"], WHOLE),
                "thumbnails": {str(size): self._address(picture["id"], size) for size in THUMBNAILS},
                "alt": picture["alt"],
                "width": picture["width"],
                "height": picture["height"],
            }
            for picture in pictures
        ]

    def _address(self, image_id: object, size: int) -> str:
        return self._absolute(default_storage.url(file_name(image_id, size)))

    def links(self, slug: str, *, is_listed: bool, is_available: bool) -> dict[str, Any]:
        """Return the links of `shop.hypermedia.of_product`, open doors alone."""
        found: dict[str, Any] = {}
        if self._own:
            found["self"] = {"href": slug.join(self._own), "method": "GET"}
        if is_listed and self._reviews:
            found["reviews"] = {"href": slug.join(self._reviews), "method": "GET"}
        if is_listed and is_available and self._cart:
            found["add-to-cart"] = self._cart
        return found


def stars(count: int | None, total: int) -> str | None:
    """Return the average with one place, halves upwards, as `Rating.average` has it; without a Decimal in between."""
    if not count:
        return None
    tenths = (20 * total + count) // (2 * count)
    return f"{tenths // 10}.{tenths % 10}"


def _parts(link: Link | None) -> tuple[str, ...]:
    """What stands before and behind the slug; nothing for a closed door."""
    return tuple(link["href"].split(FREE)) if link else ()


class FastJSONRenderer(JSONRenderer):
    """DRF's, by orjson: a tenth of the time, and the same text apart from the order in which nothing is promised."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Write what is made here; what orjson does not know (a problem's lazy texts) is written by DRF."""
        try:
            return orjson.dumps(data)
        except TypeError:
            return bytes(super().render(data, accepted_media_type, renderer_context))
