"""Sparse fieldsets: whoever asks for some members of a row gets these and no others.

    GET /api/v1/products/?fields=sku,price     {"results": [{"sku": "D-1", "price": "120.00"}], …}

What nobody asks for is not worked out, and not read where it is a query of its own. The names are those of the row
itself, in the order that it has; what hangs below (`images.url`) comes whole or not at all, GraphQL can choose there.
The tag of a versioned row names all that is shown (`accounts.preconditions.headers`), so each set has its own.
Only reading chooses: a write answers with everything, or with nothing (`preferences.py`).

Refuses: a member that the row does not have (400, with the names of those that it has).

Roadmap: api/consistent-endpoint-design
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.serializers.strict import MOST_NAMED, printable

FIELDS = "fields"


class Sparse(GenericAPIView[Any]):
    """A view of rows of which some members can be had alone."""

    #: Query parameters that the view takes beside those of its pages and filters.
    choices: tuple[str, ...] = (FIELDS,)
    #: What is read for one member alone, and left out with it.
    needs: Mapping[str, Any] = {}
    #: The members that were asked for; None: all.
    wanted: frozenset[str] | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the wish, after it is settled that the caller may ask at all."""
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            self.wanted = chosen(request, FIELDS, self.members())

    def members(self) -> list[str]:
        """What can be asked for, in the order of the answer."""
        shape: Any = self.get_serializer_class()  # a class, whatever mypy thinks of its hash
        return list(_members(shape, str(self.request.version)))

    def shows(self, member: str) -> bool:
        """Whether the answer has it."""
        return self.wanted is None or member in self.wanted

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return the serializer without what nobody asked for."""
        serializer = super().get_serializer(*args, **kwargs)
        row: Any = getattr(serializer, "child", serializer)
        for member in [name for name in row.fields if not self.shows(name)]:
            del row.fields[member]
        return serializer

    def filter_queryset(self, queryset: Any) -> Any:
        """Read with the rows what the answer shows beside them."""
        return self.with_needs(super().filter_queryset(queryset))

    def with_needs(self, rows: Any) -> Any:
        """Add one query for each need of a member that is shown."""
        return rows.prefetch_related(*(need for member, need in self.needs.items() if self.shows(member)))


@cache
def _members(shape: Any, version: str) -> tuple[str, ...]:
    """Which a row has in that version of the API."""
    return tuple(shape(context={"version": version}).fields)


def chosen(request: Request, parameter: str, known: Iterable[str]) -> frozenset[str] | None:
    """Return the names that a parameter lists, between commas or one by one; None if it is left out or empty.

    Raises ValidationError for names that are not known.
    """
    names = [name for given in request.query_params.getlist(parameter) for name in given.split(",") if given]
    if strangers := sorted(set(names) - set(known))[:MOST_NAMED]:
        told = ", ".join(map(printable, strangers))
        raise ValidationError({parameter: [f"Not to be had here: {told}. There are: {', '.join(known)}."]})
    return frozenset(names) or None


def listed(parameter: str, names: Iterable[str], description: str) -> OpenApiParameter:
    """Say in the API document that a parameter takes some of these names, with commas between them."""
    schema = {"type": "array", "items": {"type": "string", "enum": list(names)}, "minItems": 1}
    return OpenApiParameter(parameter, schema, style="form", explode=False, description=description)
