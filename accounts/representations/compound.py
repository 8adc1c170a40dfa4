"""Compound answers: what has an address of its own comes along with the row, and saves the client a round trip.

    GET /api/v1/orders/?include=lines,payment      each order with what `GET /orders/{number}/` shows of these

A part is shown to nobody whom its own address would turn away: the permissions of the view that answers there are
asked, scopes and all, and their refusal is the answer. Rows that would not exist there for this caller must not come
along either; that stands in the query that the view names in `needs`. However many rows, a part costs one query.

Refuses: a part that the view does not have (400), and what the part's own address refuses (401, 403).

Roadmap: api/consistent-endpoint-design, security/broken-access-control
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request, clone_request

from accounts.hypermedia import view_of
from accounts.representations.fieldsets import FIELDS, Sparse, chosen

INCLUDE = "include"


class Compound(Sparse):
    """A view whose serializer names parts that are shown to who asks for them: members that are not required."""

    choices = (FIELDS, INCLUDE)
    #: Each part, and the name of the route where it stands by itself.
    parts: Mapping[str, str] = {}
    included: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the wish, and have each part's own view decide about the caller."""
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            self.included = chosen(request, INCLUDE, self.parts) or frozenset()
            for part in sorted(self.included):
                require_admitted(self.parts[part], request)

    def members(self) -> list[str]:
        """A part is asked for by `include`, and comes beside whatever members are wanted."""
        return [name for name in super().members() if name not in self.parts]

    def shows(self, member: str) -> bool:
        """Whether the answer has it."""
        return member in self.included if member in self.parts else super().shows(member)


def require_admitted(route: str, request: Request) -> None:
    """Raise what the view at this route would answer to the caller, had they gone there."""
    view = view_of(route)()
    view.request = clone_request(request, "GET")
    view.check_permissions(view.request)
