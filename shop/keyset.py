"""Pages by position: `WHERE (price, id) > (12.80, 4711) ORDER BY price, id`, whichever protocol asks for them.

Page 40,000 costs what page 1 costs, and the id breaks every tie, so that no row is skipped or shown twice.

Refuses: a place that this list could not have (BadPlace).

Roadmap: databases/query-optimization, api/consistent-endpoint-design
"""

from typing import Any, NamedTuple

from django.core.exceptions import ValidationError as BadValue
from django.db.models import Model, Q, QuerySet
from django.utils.timezone import is_naive


class BadPlace(ValueError):
    """No row of this list can stand there."""


class Place(NamedTuple):
    """A row's value in the ordering, and its id."""

    value: Any
    id: int


def page(
    queryset: QuerySet[Any], field: str, *, after: Place | None, limit: int, is_backward: bool = False
) -> tuple[list[Any], bool]:
    """Return up to `limit` rows after the place, or before it, in the list's own order, and whether there are more.

    `field` is what the list is ordered by, with a minus for descending. One query.
    """
    rows = list(from_place(queryset, field, after, is_backward=is_backward)[: limit + 1])
    return turned(rows, limit, is_backward=is_backward)


def turned(rows: list[Any], limit: int, *, is_backward: bool) -> tuple[list[Any], bool]:
    """Return up to `limit` of the rows that were read, one more than that, in the list's own order, and whether there
    are more.
    """
    return rows[:limit][:: -1 if is_backward else 1], len(rows) > limit


def from_place(queryset: QuerySet[Any], field: str, after: Place | None, *, is_backward: bool) -> QuerySet[Any]:
    """Order by field and id one way and begin after the place. `lte` or `gte` is what bounds the index scan."""
    names = order(field, is_backward=is_backward)
    if after:
        name, than = field.removeprefix("-"), "lt" if names[0].startswith("-") else "gt"
        beyond = Q(**{f"{name}__{than}": after.value}) | Q(**{f"id__{than}": after.id})
        queryset = queryset.filter(beyond, **{f"{name}__{than}e": after.value})
    return queryset.order_by(*names)


def order(field: str, *, is_backward: bool) -> list[str]:
    """Return the field and then the id, both descending or both ascending."""
    sign = "-" if field.startswith("-") != is_backward else ""
    return list(dict.fromkeys([f"{sign}{field.removeprefix('-')}", f"{sign}id"]))


def written(row: Model, field: str) -> list[str]:
    """Return the row's place as two strings, fit for JSON."""
    value = getattr(row, field.removeprefix("-"))
    return [value.isoformat() if hasattr(value, "isoformat") else str(value), str(row.pk)]


def read(rows: QuerySet[Any], field: str, place: Any) -> Place:
    """Return the place that `written` gave out; raise BadPlace for anything else."""
    try:
        value, id_ = place
        return Place(_clean(rows, field, value), _clean(rows, "id", id_))
    except (ValueError, TypeError, BadValue) as wrong:
        raise BadPlace from wrong


def _clean(rows: QuerySet[Any], field: str, value: object) -> Any:
    """Return the value as the type of the field, or of what was annotated; raise if that could not hold it."""
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError
    value.encode()  # JSON can write half a character (\ud800), which is no text: UnicodeEncodeError
    cleaned = column(rows, field).clean(value, None)
    if hasattr(cleaned, "tzinfo") and is_naive(cleaned):
        raise TypeError
    return cleaned


def column(rows: QuerySet[Any], field: str) -> Any:
    """Return the model's field of what rows are ordered by, or that of what was annotated."""
    name = field.removeprefix("-")
    annotated = rows.query.annotations.get(name)
    return annotated.output_field if annotated else rows.model._meta.get_field(name)
