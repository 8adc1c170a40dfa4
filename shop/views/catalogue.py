"""The catalogue: the product list, one product, the tree of categories. Open to everybody to read; staff write.

Roadmap: api/crud-endpoints, api/http-methods, orm/n-plus-one
"""

from functools import partial
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.errors import StepUpRequired
from accounts.permissions import Staffed
from accounts.preconditions.headers import Versioned
from accounts.representations.compound import Compound
from accounts.representations.fieldsets import Sparse
from accounts.serializers.strict import RequestSerializer
from shop import assortment, bodies, categories, errors, rows, serializers
from shop.cache.changes import page_of
from shop.filters import USUAL, KnownParameters, Narrowed, ProductFilter, order_alone, require_known
from shop.models import Category, Product, ProductImage, Review
from shop.pages import Pages
from shop.rows import reading
from shop.spreadsheets import TableRenderer, Tabular
from shop.views.front import Fronted
from shop.visibility.requests import Discreet

CATALOGUE = {"GET": "catalog:read", **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), "catalog:write")}

#: One query more for the pictures of all products that an answer shows.
IMAGES = Prefetch("images", ProductImage.objects.ready())
#: What the list of reviews begins with; like the list, nothing of a product that is not for sale.
NEWEST_REVIEWS = Prefetch(
    "reviews",
    Review.objects.visible().filter(product__is_listed=True).select_related("author").order_by("-created_at")[:10],
    to_attr="newest_reviews",
)


class Products(Fronted, Discreet, Tabular, ListAPIView[Product]):
    """The products."""

    kind = "products"
    renderer_classes = [rows.FastJSONRenderer, TableRenderer]

    permission_classes = [Staffed.to(POST="shop.add_product")]
    scopes = CATALOGUE
    problems = (StepUpRequired, errors.NameTaken, errors.UnknownCategory)
    buckets = {"GET?search": "search"}
    serializer_class = serializers.ProductSerializer
    pagination_class = Pages
    filter_backends = [KnownParameters, Narrowed]
    filterset_class = ProductFilter

    def get_queryset(self) -> QuerySet[Product]:
        """By name, unless it is asked for otherwise. What a row shows, `shop/rows/` reads."""
        return Product.objects.listed().priced_for(self.request.user).order_by(USUAL)

    @extend_schema(operation_id="list_products", tags=["catalogue"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the products for sale."""
        members = [name for name in self.members() if self.shows(name)]
        return self.get_paginated_response(rows.Shaper(request, members).shaped(self.page(request, members)))

    def page(self, request: Request, members: list[str]) -> Any:
        """Read the page that is asked for. One query, of which the text is at hand unless a filter narrows the list."""
        ordering = order_alone(request)
        if ordering is None:
            return self.paginate_queryset(reading.columns(self.filter_queryset(self.get_queryset()), members))
        require_known(request, self)
        pages: Any = self.paginator
        reader = reading.reader_of(request.user, members)
        return pages.turn(reading.listed(reader, ordering), partial(reading.page, reader), request)

    @extend_schema(
        operation_id="add_product", tags=["catalogue"],
        request=bodies.AddProductSerializer, responses={201: serializers.ProductDetailSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Add a product. It can be seen at once, unless `is_listed` is false; stock comes with its first delivery."""
        wanted = bodies.AddProductSerializer(context={"request": request}).run_validation(request.data)
        return added("product", assortment.add(**wanted), serializers.ProductDetailSerializer, request)


def added(name: str, row: Product | Category, shape: Any, request: Request) -> Response:
    """Show what was made, and where it lives."""
    place = reverse(name, [row.slug], request=request)
    return Response(shape(row, context={"request": request}).data, 201, headers={"Location": place})


class ProductDetail(Fronted, Discreet, Compound, Versioned):
    """One product."""

    kind = "product"

    permission_classes = [Staffed.to(**dict.fromkeys(("PUT", "PATCH", "DELETE"), "shop.change_product"))]
    scopes = CATALOGUE
    problems = (StepUpRequired, errors.UnknownCategory)
    serializer_class = serializers.ProductPageSerializer
    queryset = Product.objects.select_related("category", "stock", "rating").defer("search_vector")
    needs = {"images": IMAGES, "reviews": NEWEST_REVIEWS}
    parts = {"reviews": "reviews", "stock": "stock"}
    lookup_field = "slug"

    def get_object(self) -> Product:
        """Read it with all that hangs on it, for writes and for `include`."""
        return self.required(super().get_object())

    def required(self, product: Product) -> Product:
        """Return it, and remember what the answer depends on; raise Http404 for who may not see it. Only for an
        unlisted product the caller's role is asked for.
        """
        if not product.is_visible_to(self.request.user):
            raise Http404
        self.shown = (page_of(product.pk),)
        return product

    @extend_schema(operation_id="show_product", responses=serializers.ProductPageSerializer, tags=["catalogue"])
    def get(self, request: Request, slug: str) -> Response:
        """Show one product."""
        if self.included:  # such parts hang on objects, and serializers show them
            product = self.get_object()
            return self.answer(product, self.get_serializer(product).data)
        require_known(request, self)
        members = [name for name in self.members() if self.shows(name)]
        row = reading.one(reading.reader_of(request.user, members), slug)
        if row is None:
            raise Http404
        product = self.required(reading.product_of(row))
        return self.answer(product, rows.Shaper(request, members).page(row))

    @extend_schema(
        operation_id="replace_product", tags=["catalogue"],
        request=bodies.ReplaceProductSerializer, responses=serializers.ProductDetailSerializer,
    )  # fmt: skip
    def put(self, request: Request, slug: str) -> Response:
        """Replace all of a product that can be changed. SKU and slug are for ever."""
        return self.write(slug, bodies.ReplaceProductSerializer(context={"request": request}))

    @extend_schema(
        operation_id="change_product", tags=["catalogue"],
        request=bodies.ChangeProductSerializer, responses=serializers.ProductDetailSerializer,
    )  # fmt: skip
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of a product, such as its price. What is left out stays as it is."""
        return self.write(slug, bodies.ChangeProductSerializer(context={"request": request}))

    def write(self, slug: str, shape: RequestSerializer) -> Response:
        """Write what the body says, unless somebody else has written meanwhile."""
        expected = self.expected()
        if assortment.change(slug, expected=expected, **shape.run_validation(self.request.data)) is None:
            raise Http404
        product = self.get_object()
        return self.answer(product, self.get_serializer(product).data)

    @extend_schema(operation_id="unlist_product", request=None, responses={204: None}, tags=["catalogue"])
    def delete(self, request: Request, slug: str) -> Response:
        """Take a product out of sight. Orders of it stay, and staff can list it again."""
        if assortment.unlist(slug, expected=self.expected()) is None:
            raise Http404
        return Response(status=204)


class Categories(Fronted, Sparse, ListAPIView[Category]):
    """The categories."""

    kind = "categories"

    permission_classes = [Staffed.to(POST="shop.add_category")]
    scopes = CATALOGUE
    problems = (StepUpRequired, errors.NameTaken, errors.UnknownCategory)
    serializer_class = serializers.CategorySerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Category]:
        """One query; the tree is small."""
        return Category.objects.select_related("parent").order_by("position", "name")

    @extend_schema(operation_id="list_categories", tags=["catalogue"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List all categories, parents before their children."""
        return self.list(request)

    @extend_schema(
        operation_id="add_category", tags=["catalogue"],
        request=bodies.AddCategorySerializer, responses={201: serializers.CategorySerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Put up a category, in another one or by itself."""
        wanted = bodies.AddCategorySerializer().run_validation(request.data)
        return added("category", categories.add(**wanted), serializers.CategorySerializer, request)


class CategoryDetail(Fronted, Sparse, Versioned):
    """One category."""

    kind = "category"

    permission_classes = [
        Staffed.to(PUT="shop.change_category", PATCH="shop.change_category", DELETE="shop.delete_category")
    ]
    scopes = CATALOGUE
    serializer_class = serializers.CategorySerializer
    queryset = Category.objects.select_related("parent")
    problems = (StepUpRequired, errors.UnknownCategory, errors.CategoryInItself, errors.CategoryNotEmpty)
    lookup_field = "slug"

    @extend_schema(operation_id="show_category", tags=["catalogue"])
    def get(self, request: Request, slug: str) -> Response:
        """Show one category."""
        category = self.get_object()
        return self.answer(category, self.get_serializer(category).data)

    @extend_schema(
        operation_id="replace_category", tags=["catalogue"], request=bodies.ReplaceCategorySerializer,
    )  # fmt: skip
    def put(self, request: Request, slug: str) -> Response:
        """Replace all of a category that can be changed. Its slug is for ever."""
        return self.write(slug, bodies.ReplaceCategorySerializer())

    @extend_schema(operation_id="change_category", tags=["catalogue"], request=bodies.ChangeCategorySerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of a category, or move it into another one. What is left out stays as it is."""
        return self.write(slug, bodies.ChangeCategorySerializer())

    def write(self, slug: str, shape: RequestSerializer) -> Response:
        """Write what the body says, unless somebody else has written meanwhile."""
        expected = self.expected()
        if categories.change(slug, expected=expected, **shape.run_validation(self.request.data)) is None:
            raise Http404
        category = self.get_object()
        return self.answer(category, self.get_serializer(category).data)

    @extend_schema(operation_id="remove_category", request=None, responses={204: None}, tags=["catalogue"])
    def delete(self, request: Request, slug: str) -> Response:
        """Take an empty category down."""
        if categories.remove(slug, expected=self.expected()) is None:
            raise Http404
        return Response(status=204)
