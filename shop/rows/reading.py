"""What the catalogue reads most: a page of the list that nothing narrows, and one product. One query each.

    reader = reader_of(request.user, members)
    page(reader, "name", after=None, limit=24, is_backward=False)        the rows, and whether there are more
    one(reader, "desk")                                                  the row, with all that its page shows

Their texts are kept by shape (`compiled.py`): who reads, an order, a direction, a first page or a later one, a size.
What a reader may not see is not in the text of theirs. What filters narrow is written by the ORM each time, for filters
make too many shapes.

Roadmap: performance/code-optimization, databases/query-optimization
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from shop import keyset
from shop.models import Product, ProductImage
from shop.rows.compiled import Compiled, Slot
from shop.visibility.sight import INSIDE

COLUMNS = (
    "pk", "sku", "slug", "name", "category__slug", "own_price", "currency", "is_listed", "stock__on_hand",
    "stock__reserved", "rating__count", "rating__total",
)  # fmt: skip
#: What a product's own page reads beside them, whoever asks: the row itself, of which its version is made.
OWN = tuple(field.attname for field in Product._meta.concrete_fields if not field.generated)
PICTURES = ArraySubquery(
    ProductImage.objects.ready()
    .filter(product=OuterRef("pk"))
    .values(picture=JSONObject(id="id", alt="alt", width="width", height="height"))
)
#: Texts of lists that are kept, a few kilobytes each. Every size of a page makes one, and few are ever asked for.
MOST = 100


class Reader(NamedTuple):
    """Of whoever asks, all that a text depends on. To `priced_for` it is a buyer."""

    pays_trade_prices: bool
    members: tuple[str, ...]


def reader_of(person: object, members: Collection[str]) -> Reader:
    """Return who reads; `members` are those that the answer shows, of which a few are read for them alone."""
    return Reader(
        bool(getattr(person, "pays_trade_prices", False)),
        tuple(name for name in ("images", *INSIDE) if name in members),
    )


def columns(products: QuerySet[Product], members: Collection[str], *more: str) -> Any:
    """Read what the list shows, in one query: rows with `COLUMNS` as attributes, what they are ordered by, `more`, and
    of pictures and what is for the house alone only what is among the members. The products are `priced_for` somebody.
    """
    order = [str(name).removeprefix("-") for name in products.query.order_by]
    names = dict.fromkeys([*COLUMNS, *order, *more, *(name for name in INSIDE if name in members)])
    if "images" in members:
        products, names["pictures"] = products.annotate(pictures=PICTURES), None
    return products.values_list(*names, named=True)


@lru_cache(MOST)
def listed(reader: Reader, ordering: str) -> Any:
    """Return the query of all that is for sale, to be narrowed and not to be asked: one for all requests."""
    return columns(Product.objects.listed().priced_for(reader).order_by(ordering), reader.members)


def page(
    reader: Reader, ordering: str, *, after: keyset.Place | None, limit: int, is_backward: bool
) -> tuple[list[Any], bool]:
    """Return what `keyset.page` makes of `listed`."""
    compiled = _page(reader, ordering, limit, is_backward=is_backward, is_later=after is not None)
    return keyset.turned(compiled.rows(**(after._asdict() if after else {})), limit, is_backward=is_backward)


def one(reader: Reader, slug: str) -> Any:
    """Return the product of that name, listed or not, or None."""
    found = _one(reader).rows(slug=slug)
    return found[0] if found else None


def product_of(row: Any) -> Product:
    """Return the product that `one` has read, for its rules and its version. No query."""
    return Product.from_db("default", OWN, [getattr(row, name) for name in OWN])


@lru_cache(MOST)
def _page(reader: Reader, ordering: str, limit: int, *, is_backward: bool, is_later: bool) -> Compiled:
    products = listed(reader, ordering)
    place = keyset.Place(Slot("value", keyset.column(products, ordering)), Slot("id", keyset.column(products, "id")))  # type: ignore[arg-type] # an id, once it is asked
    rows = keyset.from_place(products, ordering, place if is_later else None, is_backward=is_backward)
    return Compiled(rows[: limit + 1])


@lru_cache(MOST)
def _one(reader: Reader) -> Compiled:
    found = Product.objects.filter(slug=Slot("slug", Product._meta.get_field("slug"))).priced_for(reader)
    return Compiled(columns(found, reader.members, *OWN))
