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

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

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
