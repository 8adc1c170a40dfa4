"""The shop's tables and what ties them together, drawn from the models as Mermaid text: `docs/er-diagram.md`.

    orders_orderline }o--|| orders_order : order        many lines, each of exactly one order
    orders_order |o--o| orders_idempotencykey           at most one on either side

One drawing for each app, with what it points at in others: a single one with every table nobody could read. A relation
is drawn as the database enforces it: `o` where a foreign key may be null, a single line where it is unique, dots where
the database does not look whether the other row is there.

Source of the notation: crow's foot, as in Mermaid's `erDiagram`.

Roadmap: databases/er-diagram
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey, Model, UniqueConstraint

APPS = {"shop": "The catalogue", "orders": "Buying", "accounts": "Who is who"}
HEAD = """# The tables

Drawn from the models by `make schema`. In a box stand the columns with their types; PK is the key, FK points at another
table, UK is unique. `}o--||` reads: many of these, each with exactly one of those; with `o|` it may have none. Dots:
the database does not look whether the other is there.
"""


def page() -> str:
    """Return `docs/er-diagram.md`."""
    return HEAD + "".join(_section(label, title) for label, title in APPS.items())


def _section(label: str, title: str) -> str:
    models = sorted(apps.get_app_config(label).get_models(), key=lambda model: model._meta.db_table)
    lines = [line for model in models for line in (*_box(model), *_relations(model))]
    drawing = "".join(f"    {line}\n" for line in lines)
    return f"\n## {title}: `{label}/`\n\n```mermaid\nerDiagram\n{drawing}```\n"


def _box(model: type[Model]) -> Iterator[str]:
    """A table with its columns, in the order in which the model declares them."""
    yield f"{model._meta.db_table} {{"
    for field in model._meta.local_concrete_fields:
        yield f"    {_kind(field)} {field.column}{_keys(field)}"
    yield "}"


def _kind(field: "Field[Any, Any]") -> str:
    """The last word of the class, which needs no database to be asked: `char`, `decimal`, `uuid`."""
    target = field.target_field if isinstance(field, ForeignKey) else field
    return target.get_internal_type().removesuffix("Field").lower()


def _keys(field: "Field[Any, Any]") -> str:
    marks = {"PK": field.primary_key, "FK": isinstance(field, ForeignKey), "UK": field.unique and not field.primary_key}
    found = ", ".join(mark for mark, is_so in marks.items() if is_so)
    return f" {found}" if found else ""


def _relations(model: type[Model]) -> Iterator[str]:
    """One line for each foreign key, from the table that holds it."""
    for field in model._meta.local_concrete_fields:
        if isinstance(field, ForeignKey):
            many = "|o" if _is_alone(model, field) else "}o"
            one = "o|" if field.null else "||"
            line, there = "--" if getattr(field, "db_constraint", True) else "..", field.related_model._meta.db_table
            yield f"{model._meta.db_table} {many}{line}{one} {there} : {field.name}"


def _is_alone(model: type[Model], field: "ForeignKey[Any, Any]") -> bool:
    """Whether no two rows may point at the same one, by the column itself or by a constraint on it alone."""
    constraints = [found for found in model._meta.constraints if isinstance(found, UniqueConstraint)]
    return field.unique or any(found.fields == (field.name,) and not found.condition for found in constraints)
