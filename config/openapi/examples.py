"""Examples of the REST API: what is asked and what comes back, beside the views in `<app>/examples/*.yaml`.

    place_order:                            the operation
      paid:                                 the example; a refusal is named after its problem
        summary: The bank holds the money.
        by: alice                           who asks; nobody: a guest
        proved: true                        a second factor was shown
        given: [a desk in the cart]         what is there before (`tests/examples/given.py`)
        path, query, headers, body          what is sent
        status: 201
        answer: …                           what comes back, with stand-ins for what differs each time

`tests/examples/` plays each of them and compares; an operation without one fails there. `make examples` writes the
answers anew, so only the question is written by hand.

Roadmap: api/openapi-documentation, workflow/api-docs-maintenance
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

#: So an amount of money is written in v1; stars have one decimal. All examples pay in this currency.
AMOUNT, CURRENCY = re.compile(r"\d+\.\d\d"), "EUR"
ROOT = Path(__file__).resolve().parents[2]
#: libyaml is ten times as fast as the parser in Python, which is there where a wheel comes without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Example(NamedTuple):
    """One question and its answer."""

    operation: str
    name: str
    summary: str
    status: int
    by: str = ""
    proved: bool = False
    given: tuple[str, ...] = ()
    path: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    body: Any = None
    answer: Any = None

    @property
    def is_refusal(self) -> bool:
        """Whether it is answered by a problem."""
        return self.status >= 400


@cache
def of_operation(operation: str) -> tuple[Example, ...]:
    """Return the examples of an operation, in the order in which they are written."""
    return tuple(example for example in everything() if example.operation == operation)


@cache
def everything() -> tuple[Example, ...]:
    """Return all examples; raises TypeError for one with a member that no example has."""
    return tuple(example for file in files() for example in _in(file))


def files() -> list[Path]:
    """Return the files that hold them."""
    return sorted(ROOT.glob("*/examples/*.yaml"))


def _in(file: Path) -> Iterator[Example]:
    for operation, examples in yaml.load(file.read_text("utf-8"), LOADER).items():  # noqa: S506 - both are safe
        for name, told in examples.items():
            yield Example(operation=operation, name=name, **told)


def in_version(example: Example, version: str) -> Example:
    """Return the example as a version has it. They are written for v1; `tests/examples/` plays those that differ."""
    if version == "v1":
        return example
    return example._replace(body=_moved(example.body, version), answer=_moved(example.answer, version))


def _moved(value: Any, version: str, currency: str | None = CURRENCY) -> Any:
    """Addresses of that version, and money in objects: of the currency beside it, or of the next one above."""
    if isinstance(value, str):
        return value.replace("/api/v1/", f"/api/{version}/")
    if isinstance(value, list):
        return [_moved(inner, version, currency) for inner in value]
    if not isinstance(value, dict):
        return value
    currency = value.get("currency", currency)
    amounts = {name for name, text in value.items() if isinstance(text, str) and AMOUNT.fullmatch(text)}
    moved = {
        name: _money(inner, currency) if name in amounts else _moved(inner, version, currency)
        for name, inner in value.items()
    }
    if amounts or currency is None:
        moved.pop("currency", None)
    return moved


def _money(text: str, currency: str | None) -> dict[str, Any] | None:
    """Without a currency there is no amount: the sum of an empty cart."""
    return {"amount": int(text.replace(".", "")), "currency": currency} if currency else None
