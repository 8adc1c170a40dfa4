"""What the document says of how much of an answer a client wants: `fields`, `include` and `Prefer`.

Read from the views that hear them (`accounts/representations`), so that no parameter is promised that nobody reads.

Roadmap: api/openapi-documentation
"""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from accounts.representations.compound import INCLUDE, Compound
from accounts.representations.fieldsets import FIELDS, Sparse, listed
from accounts.representations.preferences import APPLIED, PREFER, WITH_BODY, WRITES, is_heard


def parameters_of(view: Any, method: str) -> Iterator[OpenApiParameter]:
    """The parameters that say it, and the header that confirms."""
    if method == "GET" and isinstance(view, Sparse):
        yield listed(FIELDS, view.members(), "Only these members of a row; all of them when left out.")
    if method == "GET" and isinstance(view, Compound):
        yield listed(INCLUDE, view.parts, "What comes along though it has an address of its own, which may refuse it.")
    if method in WRITES and is_heard(view):
        yield PREFER
        yield APPLIED


def forget_preferences(operation: dict[str, Any]) -> None:
    """Where no answer has a body that could be left out, nothing is to be preferred.

    The 204 that stands in the place of a 200 is told in words alone: as a response of its own it would have every typed
    client look for a body that only who asks for it goes without.
    """
    statuses = {int(status) for status, answer in operation["responses"].items() if "content" in answer}
    if not statuses & WITH_BODY:
        operation["parameters"] = [one for one in operation["parameters"] if one["name"] != PREFER.name]
        if not operation["parameters"]:
            del operation["parameters"]
