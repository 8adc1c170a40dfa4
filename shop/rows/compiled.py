"""A query that Django writes once, and that is asked ever after with other values.

The plain way:

    Product.objects.filter(slug=slug).values_list("sku", "name", named=True)

Each time it is asked, Django resolves the names, finds the joins and writes the text anew, to hand PostgreSQL the very
statement that it has prepared. Of one page of the list that was 1.5 ms of processor time out of 1.7; what is left are
the round trip and the rows. Here the same queryset is written with a `Slot` where a value will be:

    compiled = Compiled(Product.objects.filter(slug=Slot("slug", SlugField())).values_list("sku", "name", named=True))
    compiled.rows(slug="desk")

What it asks is written by the ORM still, so a change of the models is a change of the text. A value is never a part of
the text: it goes beside it, as the field that the slot names would send it. None is sent like any other and equals
nothing, as SQL has it; the ORM would write IS NULL. Why not raw SQL: `docs/decisions/0031-queries-written-once.md`.

Roadmap: performance/code-optimization, orm/what-is-an-orm
"""

from typing import Any

from django.db import connection
from django.db.models import Field, QuerySet, Value
from django.db.models.utils import create_namedtuple_class


class Slot(Value):
    """Stands in a queryset for a value that is not known yet."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(None, output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Leave the place free, and stand among the parameters."""
        return "%s", [self]


class Compiled:
    """The text of a queryset that was made with `values_list`, its parameters, and what makes values of its columns."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        compiler = queryset.query.get_compiler(queryset.db)
        self._sql, self._params = compiler.as_sql()
        found: Any = compiler.get_converters([column for column, *_ in compiler.select])
        # Nothing else of the compiler is kept: it holds the connection of the thread that came first.
        self._conversions = [(place, convert, column) for place, (all_, column) in found.items() for convert in all_]
        self._row: Any = create_namedtuple_class(*queryset._fields)  # type: ignore[attr-defined] # as they were wanted

    def rows(self, **values: Any) -> list[Any]:
        """Return the rows with their columns as attributes. One query; `values` has one for each slot."""
        params = [_filled(param, values) for param in self._params]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found: Any = cursor.fetchall()
        return [self._row._make(self._converted(row)) for row in found]

    def _converted(self, columns: Any) -> Any:
        """What Django makes of some columns: JSON comes as text, for example."""
        if not self._conversions:
            return columns
        values = list(columns)
        for place, convert, column in self._conversions:
            values[place] = convert(values[place], column, connection)
        return values


def _filled(param: Any, values: dict[str, Any]) -> Any:
    """What goes to the database in the place of a parameter."""
    if not isinstance(param, Slot):
        return param
    return param.output_field.get_db_prep_value(values[param.name], connection, prepared=False)
