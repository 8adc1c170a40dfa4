"""Relay connections over `shop/keyset.py`: `first` and `after` forwards, `last` and `before` backwards.

Refuses: more than a hundred at once, both directions at once, a cursor of another list (ValidationError).

Roadmap: api/graphql-schema-and-resolvers
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple

import graphene
from django.db.models import F, Model, QuerySet
from django.db.models import Window as Ranking
from django.db.models.functions import RowNumber
from graphene.relay import PageInfo
from rest_framework.exceptions import ValidationError

from shop import keyset
from shop.schema.loading import Context

USUAL, MOST = 24, 100


def page_arguments() -> dict[str, Any]:
    """The four arguments of every connection."""
    return {
        "first": graphene.Int(description=f"Rows, 1 to {MOST}; {USUAL} when left out."),
        "after": graphene.String(description="`endCursor` of the page before."),
        "last": graphene.Int(description="Rows from the end, instead of `first`."),
        "before": graphene.String(description="`startCursor` of the page after."),
    }


class Window(NamedTuple):
    """Which page of a list ordered by `field` is wanted."""

    field: str
    limit: int
    cursor: str | None
    is_backward: bool

    def place(self, rows: QuerySet[Any]) -> keyset.Place | None:
        """Where it begins; raises ValidationError for a cursor that this list could not have given."""
        if not self.cursor:
            return None
        try:
            return keyset.read(rows, self.field, json.loads(urlsafe_b64decode(self.cursor.encode("ascii"))))
        except (ValueError, RecursionError):
            name = "before" if self.is_backward else "after"
            raise ValidationError({name: ["This cursor does not belong to this list."]}) from None


def window(
    field: str, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Window:
    """Read the four arguments; raise ValidationError unless they make sense together."""
    is_backward = last is not None or before is not None
    if is_backward and (first is not None or after is not None):
        raise ValidationError("Ask for `first` and `after`, or for `last` and `before`.")
    limit = (last if is_backward else first) if (last, first) != (None, None) else USUAL
    if limit is None:
        limit = USUAL
    if not 1 <= limit <= MOST:
        raise ValidationError({"last" if is_backward else "first": [f"A whole number from 1 to {MOST}."]})
    return Window(field, limit, before if is_backward else after, is_backward)


def connect(connection: Any, queryset: QuerySet[Any], wanted: Window) -> Any:
    """Return the page as this connection type. One query."""
    after = wanted.place(queryset)
    rows, beyond = keyset.page(queryset, wanted.field, after=after, limit=wanted.limit, is_backward=wanted.is_backward)
    return filled(connection, rows, wanted, beyond=beyond)


async def load(context: Context, connection: Any, many: Any, key: int, field: str, page: dict[str, Any]) -> Any:
    """Return a page of what hangs on one row; `many` is asked once for all rows that want the same page."""
    wanted = window(field, **page)
    rows = await context.load(many, key, wanted) or []
    kept = rows[: wanted.limit][:: -1 if wanted.is_backward else 1]
    return filled(connection, kept, wanted, beyond=len(rows) > wanted.limit)


def of_each(owner: str, queryset: QuerySet[Any], wanted: Window) -> dict[int, list[Any]]:
    """Return the same page for each owner (a column's name), one row more than asked for; one query for all of them."""
    place, names = wanted.place(queryset), keyset.order(wanted.field, is_backward=wanted.is_backward)
    rows = keyset.from_place(queryset, wanted.field, place, is_backward=wanted.is_backward)
    order = [F(name.removeprefix("-")).desc() if name.startswith("-") else F(name).asc() for name in names]
    ranked = rows.annotate(rank=Ranking(RowNumber(), partition_by=F(owner), order_by=order))
    found: dict[int, list[Any]] = {}
    for row in ranked.filter(rank__lte=wanted.limit + 1):
        found.setdefault(getattr(row, owner), []).append(row)
    return found


def filled(connection: Any, rows: list[Any], wanted: Window, *, beyond: bool) -> Any:
    """Return these rows as the connection type; `beyond`: there are more in the direction of reading."""
    edges = [connection.Edge(node=row, cursor=cursor_of(row, wanted.field)) for row in rows]
    behind = wanted.cursor is not None
    info = PageInfo(
        has_next_page=behind if wanted.is_backward else beyond,
        has_previous_page=beyond if wanted.is_backward else behind,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return connection(edges=edges, page_info=info)


def cursor_of(row: Model, field: str) -> str:
    """Return the row's place as an opaque string."""
    return urlsafe_b64encode(json.dumps(keyset.written(row, field)).encode()).decode("ascii")
