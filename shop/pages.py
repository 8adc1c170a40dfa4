"""Long lists of the REST API in pages by position (`shop/keyset.py`), and nobody counts a million rows.

    ?cursor=…  =  direction, value of the ordering, id

DRF's own cursor knows only the value of the ordering and steps over equal ones by OFFSET, in an order that PostgreSQL
may choose anew each time: rows with one price are skipped or shown twice. Here the id breaks every tie.

Refuses: a cursor that was not given out by this list, a page size out of bounds (400, by name of the parameter).

Roadmap: api/consistent-endpoint-design, databases/query-optimization
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from shop import keyset


class Cursor(NamedTuple):
    """A place between two rows, and which way to read from there."""

    is_backward: bool
    place: keyset.Place


class Pages(CursorPagination):
    """Pages a query by its first ordering and the id; a queryset without an ordering of its own gets `ordering`."""

    page_size = 24
    page_size_query_param = "page_size"
    page_size_query_description = "Rows on one page, 1 to 100."
    cursor_query_description = "Where the page begins: follow `next` and `previous` instead of making one."
    max_page_size = 100
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Return one page; one query, whichever page it is."""
        return self.turn(queryset, partial(keyset.page, queryset), request)

    def turn(self, queryset: QuerySet[Any], read: Callable[..., tuple[list[Any], bool]], request: Request) -> list[Any]:
        """Return the page of this query that `read` makes: what it is given and what it returns is as `keyset.page`
        has it, apart from the query.
        """
        self.base_url = request.build_absolute_uri()
        self.field = str((queryset.query.order_by or (self.ordering,))[0])
        limit = self.get_page_size(request)
        cursor = self._cursor(request, queryset)
        backward = cursor is not None and cursor.is_backward
        place = cursor.place if cursor else None
        self.page, beyond = read(self.field, after=place, limit=limit, is_backward=backward)
        self.has_next, self.has_previous = (True, beyond) if backward else (beyond, cursor is not None)
        return self.page

    def get_page_size(self, request: Request) -> int:
        """Read the page size; raise ValidationError for anything but a whole number from 1 to the most."""
        wanted = request.query_params.get(self.page_size_query_param or "")
        if wanted is None:
            return self.page_size
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= self.max_page_size):
            raise ValidationError({"page_size": [f"A whole number from 1 to {self.max_page_size}."]})
        return int(wanted)

    def get_paginated_response(self, data: Any) -> Response:
        """Say the neighbours in the Link header as well (RFC 8288): a crawler need not read the body."""
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        told = ", ".join(f'<{address}>; rel="{name}"' for name, address in links.items() if address)
        body = {"next": links["next"], "previous": links["prev"], "results": data}
        return Response(body, headers={"Link": told} if told else {})

    def get_next_link(self) -> str | None:
        """Return the address of the next page, if there is one."""
        return self._link(self.page[-1], is_backward=False) if self.has_next and self.page else None

    def get_previous_link(self) -> str | None:
        """Return the address of the page before, if there is one."""
        return self._link(self.page[0], is_backward=True) if self.has_previous and self.page else None

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Say the bounds of the page size, too."""
        parameters = super().get_schema_operation_parameters(view)
        parameters[1]["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters

    def _cursor(self, request: Request, rows: QuerySet[Any]) -> Cursor | None:
        given = request.query_params.get(self.cursor_query_param)
        if not given:
            return None
        try:
            is_backward, *place = json.loads(urlsafe_b64decode(given.encode("ascii")))
            return Cursor(bool(is_backward), keyset.read(rows, self.field, place))
        except (ValueError, TypeError, RecursionError):
            raise ValidationError({"cursor": ["This cursor does not belong to this list."]}) from None

    def _link(self, row: Model, *, is_backward: bool) -> str:
        place = json.dumps([is_backward, *keyset.written(row, self.field)])
        cursor = urlsafe_b64encode(place.encode()).decode("ascii")
        return replace_query_param(str(self.base_url), self.cursor_query_param, cursor)
