"""The order sheet of the shop before this one, taken apart into tables until each fact stands in one place.

    a row of the sheet     7, 2026-03-01, alice@example.com, Hamburg, "2 x DESK Oak desk; 1 x LAMP Lamp"
    first normal form      one value in each cell: a row for each line               key (order, sku)
    second                 nothing hangs on half of the key: orders by number, products by SKU
    third                  nothing hangs on something beside the key: people by address, with their city

Taken apart, the sheet can be put together again as it was (`joined`): nothing is lost. What it says twice and
differently cannot be true, and is refused by name instead of being decided by the last row.

Refuses: a cell that cannot be read (ValueError), two rows that contradict each other (Contradiction).
Source: E. F. Codd, "Further Normalization of the Data Base Relational Model", 1971.

Roadmap: databases/normalization
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Fact = TypeVar("Fact")
LINE = re.compile(r"([1-9]\d*) x (\S+) (.+)")


class SheetRow(NamedTuple):
    """An order as the old sheet has it: everything in one row, and all goods in one cell."""

    order: int
    day: str
    email: str
    city: str
    goods: str


class Line(NamedTuple):
    """First normal form: one line of one order in each row, and everything else still beside it, again and again."""

    order: int
    sku: str
    units: int
    name: str
    day: str
    email: str
    city: str


class Tables(NamedTuple):
    """Third normal form: each table by its key."""

    people: dict[str, str]  # address → city
    products: dict[str, str]  # SKU → name
    orders: dict[int, tuple[str, str]]  # number → day, address
    lines: dict[tuple[int, str], int]  # number and SKU → units


class Contradiction(Exception):
    """Two rows of the sheet say different things about one."""

    def __init__(self, what: Hashable, one: object, other: object) -> None:
        super().__init__(f"The sheet says two things about {what}: {one} and {other}.")


def first_form(sheet: Iterable[SheetRow]) -> Iterator[Line]:
    """Yield a row for each line. Raises ValueError for goods that are not `units x SKU name`."""
    for row in sheet:
        for part in row.goods.split("; "):
            if not (found := LINE.fullmatch(part)):
                raise ValueError(f"Order {row.order}: {part!r} is not units x SKU name.")
            yield Line(row.order, found[2], int(found[1]), found[3], row.day, row.email, row.city)


def third_form(lines: Iterable[Line]) -> Tables:
    """Give each fact a table by what it hangs on. Raises Contradiction."""
    tables = Tables({}, {}, {}, {})
    for line in lines:
        _note(tables.lines, (line.order, line.sku), line.units)
        _note(tables.products, line.sku, line.name)
        _note(tables.orders, line.order, (line.day, line.email))
        _note(tables.people, line.email, line.city)
    return tables


def _note(table: dict[Key, Fact], key: Key, fact: Fact) -> None:
    if table.setdefault(key, fact) != fact:
        raise Contradiction(key, table[key], fact)


def joined(tables: Tables) -> list[SheetRow]:
    """Return the sheet again, in the order of its numbers."""
    goods: dict[int, list[str]] = {}
    for (order, sku), units in tables.lines.items():
        goods.setdefault(order, []).append(f"{units} x {sku} {tables.products[sku]}")
    return [
        SheetRow(order, day, email, tables.people[email], "; ".join(goods[order]))
        for order, (day, email) in sorted(tables.orders.items())
    ]
