"""How the product list is narrowed and sorted by query parameters.

Roadmap: api/consistent-endpoint-design
"""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.serializers.strict import MOST_NAMED, printable
from shop.models import Product, ProductQuerySet

#: What the list can be ordered by; each has an index of its own in `shop/models/catalogue.py`, and by price two.
ORDERINGS = ("name", "-name", "price", "-price", "created_at", "-created_at")
#: By name, unless it is asked for otherwise.
USUAL = "name"
#: Above it a price is a typing error; without a bound a number of a thousand digits would reach the database.
MOST = 10**9
#: Decimal places. No program writes a float with more, and PostgreSQL refuses a number with more than 16,383.
FINEST = 400


def own(ordering: str) -> str:
    """Return what the rows are ordered by: by price means by what each costs whoever asks (`priced_for`)."""
    return ordering.replace("price", "own_price")


class KnownParameters(BaseFilterBackend):
    """Refuses a query parameter that the list does not have: `?max_prize=10` must not show everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Narrow nothing; raise ValidationError for each stranger."""
        require_known(request, view)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """None of its own."""
        return []


def require_known(request: Request, view: APIView) -> None:
    """Raise ValidationError for each query parameter that is neither the list's nor one of its filters'."""
    if not request.query_params:
        return
    paginator = view.paginator  # type: ignore[attr-defined] # a generic view's
    known = {found["name"] for found in paginator.get_schema_operation_parameters(view)} if paginator else set()
    known |= set(getattr(getattr(view, "filterset_class", None), "base_filters", ()))
    known |= set(getattr(view, "choices", ()))  # `fields` and `include`, see accounts/representations
    if strangers := sorted(set(request.query_params) - known)[:MOST_NAMED]:
        raise ValidationError({printable(name): ["There is no such parameter."] for name in strangers})


class Narrowed(DjangoFilterBackend):
    """Makes a form of the filters, and has it checked, only where one of them is asked for."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> Any:
        """Narrow by what is asked; raise ValidationError for what makes no sense."""
        filters = view.filterset_class.base_filters  # type: ignore[attr-defined] # a list's
        return super().filter_queryset(request, queryset, view) if filters.keys() & request.query_params else queryset


def order_alone(request: Request) -> str | None:
    """Return what the product list is ordered by where nothing narrows it; None: its filters must look at the request.

    Whatever they might refuse is theirs to look at, too.
    """
    asked = ProductFilter.base_filters.keys() & request.query_params.keys()
    if not asked:
        return USUAL
    wanted = request.query_params["ordering"] if asked == {"ordering"} else None
    return own(wanted) if wanted in ORDERINGS else None


def documented(schema: dict[str, Any], parameter: django_filters.Filter) -> Any:
    """Give the filter's bounds to the API document, which cannot see them by itself."""
    return extend_schema_field(schema)(parameter)


class ProductFilter(django_filters.FilterSet):
    """Each parameter narrows the list; together they all hold. The products are `priced_for` somebody."""

    search = documented(
        {"type": "string", "maxLength": 200},
        django_filters.CharFilter(method="matching", max_length=200, label="Words in name or description."),
    )
    category = documented(
        {"type": "string", "maxLength": 80},
        django_filters.CharFilter(method="below", max_length=80, label="Slug; includes the categories under it."),
    )
    min_price = documented(
        {"type": "number", "minimum": 0, "maximum": MOST},
        django_filters.NumberFilter(
            "own_price", "gte", min_value=0, max_value=MOST, decimal_places=FINEST, label="Lowest price."
        ),
    )
    max_price = documented(
        {"type": "number", "minimum": 0, "maximum": MOST},
        django_filters.NumberFilter(
            "own_price", "lte", min_value=0, max_value=MOST, decimal_places=FINEST, label="Highest price."
        ),
    )
    in_stock = django_filters.ChoiceFilter(
        method="available", choices=[("true", "true"), ("false", "false")], label="true: only what can be bought now.",
    )  # fmt: skip
    ordering = django_filters.ChoiceFilter(
        method="ordered", choices=[(name, name) for name in ORDERINGS], empty_label=None,
        label="Order of the list; a minus turns it round. By name when left out.",
    )  # fmt: skip

    class Meta:
        model = Product
        fields: list[str] = []

    def matching(self, products: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """Full-text search."""
        return products.matching(value)

    def below(self, products: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """This category and all under it."""
        return products.below(value)

    def available(self, products: ProductQuerySet, name: str, value: str) -> "ProductQuerySet | QuerySet[Product]":
        """What can be bought now; `false` narrows nothing."""
        return products.in_stock() if value == "true" else products

    def ordered(self, products: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """In the wanted order."""
        return products.order_by(own(value))
