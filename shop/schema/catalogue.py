"""Products and categories in GraphQL: the same reads, filters and pages as `/api/v1/products/`.

Roadmap: api/graphql-schema-and-resolvers, api/graphql-dataloader
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import graphene
from graphene.types.generic import GenericScalar
from graphene_django import DjangoObjectType
from rest_framework.exceptions import NotFound, ValidationError

from shop import models
from shop.filters import ProductFilter, own
from shop.schema import images, paging, reviews
from shop.schema.guards import guarded
from shop.schema.loading import Info, on_request_thread


class Money(graphene.ObjectType):
    """An amount and what it is in."""

    amount = graphene.Decimal(required=True, description="With two places, as a string.")
    currency = graphene.String(required=True, description="ISO 4217.")


def money(amount: Decimal, currency: str) -> Money:
    """Return the amount as GraphQL shows it."""
    return Money(amount=amount, currency=currency)


class Ordering(graphene.Enum):
    """What the list of products is ordered by."""

    NAME = "name"
    NAME_DESCENDING = "-name"
    PRICE = "price"
    PRICE_DESCENDING = "-price"
    NEWEST = "-created_at"
    OLDEST = "created_at"


class Category(DjangoObjectType):
    """A shelf of the shop."""

    class Meta:
        model = models.Category
        fields = ("slug", "name", "description")
        skip_registry = True

    parent = graphene.Field(lambda: Category, description="The shelf it stands in.")
    children = graphene.List(
        graphene.NonNull(lambda: Category), required=True, description="The shelves that stand in it."
    )
    products = graphene.Field(
        lambda: ProductConnection, required=True, description="What stands on this shelf itself, by name.",
        **paging.page_arguments(),
    )  # fmt: skip

    async def resolve_parent(root: models.Category, info: Info) -> models.Category | None:
        return await info.context.load(categories, root.parent_id) if root.parent_id else None

    async def resolve_children(root: models.Category, info: Info) -> list[models.Category]:
        return await info.context.load(children_of, root.pk) or []

    async def resolve_products(root: models.Category, info: Info, **page: Any) -> Any:
        return await paging.load(info.context, ProductConnection, products_of, root.pk, "name", page)


class Product(DjangoObjectType):
    """Something with a price."""

    class Meta:
        model = models.Product
        fields = ("sku", "slug", "name", "description")
        skip_registry = True

    price = graphene.Field(Money, required=True, description="What one unit costs whoever asks.")
    category = graphene.Field(Category, required=True)
    available = graphene.Int(required=True, description="Units that can be bought now.")
    attributes = GenericScalar(required=True, description="Material, size, colour: what only some products have.")
    images = graphene.List(graphene.NonNull(images.Image), required=True)
    rating = graphene.Decimal(description="Stars on average, with one place; null while nobody has reviewed it.")
    review_count = graphene.Int(required=True, description="Reviews that the stars come from.")
    reviews = graphene.Field(
        reviews.ReviewConnection, required=True, description="What buyers say, newest first.", **paging.page_arguments()
    )

    def resolve_price(root: models.Product, info: Info) -> Money:
        return money(root.price_for(info.context.owner), root.currency)

    async def resolve_category(root: models.Product, info: Info) -> models.Category | None:
        return await info.context.load(categories, root.category_id)

    def resolve_available(root: models.Product, info: Info) -> Any:
        return info.context.beside(root, "stock", stock_of, root.pk, lambda stock: stock.available if stock else 0)

    async def resolve_images(root: models.Product, info: Info) -> list[models.ProductImage]:
        return await info.context.load(images.images_of, root.pk) or []

    def resolve_rating(root: models.Product, info: Info) -> Any:
        return info.context.beside(root, "rating", reviews.rating_of, root.pk, lambda all_: all_ and all_.average)

    def resolve_review_count(root: models.Product, info: Info) -> Any:
        return info.context.beside(root, "rating", reviews.rating_of, root.pk, lambda all_: all_.count if all_ else 0)

    async def resolve_reviews(root: models.Product, info: Info, **page: Any) -> Any:
        kind, many = reviews.ReviewConnection, reviews.reviews_of
        return await paging.load(info.context, kind, many, root.pk, "-created_at", page)


class ProductConnection(graphene.relay.Connection):
    """A page of products."""

    class Meta:
        node = Product


class Query(graphene.ObjectType):
    """What anybody may read."""

    products = graphene.Field(
        ProductConnection, required=True, description="The products for sale. Arguments narrow the list; all hold.",
        search=graphene.String(), category=graphene.String(description="Slug; includes the categories under it."),
        min_price=graphene.Decimal(), max_price=graphene.Decimal(), in_stock=graphene.Boolean(),
        order_by=Ordering(), **paging.page_arguments(),
    )  # fmt: skip
    product = graphene.Field(
        Product, description="One product; null, with an error, for none.", slug=graphene.String(required=True)
    )
    categories = graphene.List(
        graphene.NonNull(Category), required=True, description="All categories, parents before their children."
    )

    @guarded("catalog:read")
    async def resolve_products(root: None, info: Info, **wanted: Any) -> Any:
        return await on_request_thread(find)(info.context.owner, **wanted)

    @guarded("catalog:read")
    async def resolve_product(root: None, info: Info, slug: str) -> models.Product:
        found: models.Product | None = await on_request_thread(listed().filter(slug=slug).first)()
        if found is None:
            raise NotFound
        return found

    @guarded("catalog:read")
    async def resolve_categories(root: None, info: Info) -> list[models.Category]:
        return await on_request_thread(lambda: list(models.Category.objects.order_by("position", "name")))()


def listed() -> models.ProductQuerySet:
    """What buyers may see, without what no field shows, and with the rows that each product has one of."""
    return models.Product.objects.listed().select_related("stock", "rating").defer("search_vector")


def find(
    buyer: object, *, search: str = "", category: str = "",
    min_price: Decimal | None = None, max_price: Decimal | None = None,
    in_stock: bool = False, order_by: str | None = None, **page: Any,
) -> Any:  # fmt: skip
    """Return a page of products at this buyer's prices; the filters are the REST list's. Raises ValidationError."""
    ordering = own(Ordering.get(order_by).value if order_by else "name")
    given = {"search": search, "category": category, "in_stock": "true" if in_stock else ""}
    given |= {
        name: str(price) for name, price in (("min_price", min_price), ("max_price", max_price)) if price is not None
    }
    found = listed().priced_for(buyer)
    if any(given.values()):  # to make the form of all filters takes a millisecond
        narrowed = ProductFilter(given, queryset=found)
        if not narrowed.is_valid():
            raise ValidationError(narrowed.errors)
        found = narrowed.qs
    return paging.connect(ProductConnection, found, paging.window(ordering, **page))


def products(ids: list[int]) -> Mapping[int, models.Product]:
    """Products by id, unlisted ones, too: somebody has them in a cart."""
    return models.Product.objects.defer("search_vector").in_bulk(ids)


def categories(ids: list[int]) -> Mapping[int, models.Category]:
    """Categories by id."""
    return models.Category.objects.in_bulk(ids)


def children_of(ids: list[int]) -> Mapping[int, list[models.Category]]:
    """The categories under each of these."""
    found: dict[int, list[models.Category]] = {}
    for child in models.Category.objects.filter(parent__in=ids):
        found.setdefault(child.parent_id or 0, []).append(child)
    return found


def stock_of(ids: list[int]) -> Mapping[int, models.Stock]:
    """Stock by product."""
    return models.Stock.objects.in_bulk(ids)


def products_of(ids: list[int], wanted: paging.Window) -> Mapping[int, list[models.Product]]:
    """The same page of each of these categories."""
    return paging.of_each("category_id", listed().filter(category__in=ids), wanted)
