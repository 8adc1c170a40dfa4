"""Who may ask what: every address, method and page of the admin, with every role, by the real permission classes.

Nothing is listed here by hand, so nothing can be forgotten: a new view is a new row in `docs/access-matrix.md`, and
whoever reviews it sees who gets in. The rules about single objects (own orders, amounts, times) come after this table
and stand in `orders/policies.py`.

Roadmap: auth/authentication-vs-authorization, security/broken-access-control
"""

from collections.abc import Iterator, Sequence
from math import inf
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver
from graphene.utils.str_converters import to_camel_case
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import scope_of
from accounts.roles import ROLES
from config.graphql.schema import schema
from config.grpc.server import SERVICE
from shop.grpc.guards import Opening, opening_of
from shop.grpc.stock import StockAnswers

VISITOR = "visitor"
WHO = [VISITOR, *ROLES]
#: The token of somebody who has just shown a second factor: what only waits for that is not closed to them.
PROVED = SimpleNamespace(payload={"amr": ["pwd", "otp"], "auth_time": inf})
#: The later versions of the API. `tests/config/test_versions.py` shows that the same views answer there.
LATER = [*settings.API_VERSIONS][1:]
VERBS = ("view", "add", "change", "delete")
HEAD = """# Who may do what

Every address, field, method and admin page, asked with every role. Generated from the permission classes by
`make schema`; the roles stand in `accounts/roles.py`. "log in" is a 401, "no" a 403; in gRPC UNAUTHENTICATED and
PERMISSION_DENIED. Where it says yes, rules about the single object follow: one's own orders and carts, and
`orders/policies.py`; somebody else's object is a 404. The column "scope" is what a program needs that acts for somebody
(`accounts/scopes.py`); "–" is closed to programs, whoever they act for. What is for programs alone, which prove who
they are by means of their own, says "program". Later versions of the API have the addresses of the
first, and its views.

"""


class Actor:
    """Somebody with a role, for permission classes to look at: what of a user they may ask for, and no database."""

    is_active, is_superuser, pk = True, False, 0

    def __init__(self, role: str) -> None:
        self.permissions = ROLES.get(role, set())
        self.is_authenticated, self.is_staff = role != VISITOR, bool(self.permissions)

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """As a user's."""
        return permission in self.permissions

    def has_module_perms(self, app: str) -> bool:
        """As a user's."""
        return any(permission.startswith(f"{app}.") for permission in self.permissions)


class Nobody(BasePermission):
    """Lets nobody in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """No."""
        return False


class Row(NamedTuple):
    """One thing to do, and the answer for everybody in `WHO`."""

    what: str
    answers: tuple[str, ...]
    scope: str = ""


TITLES = Row("", tuple(WHO), "scope")


def page() -> str:
    """Return `docs/access-matrix.md`."""
    return f"{HEAD}## Addresses\n\n{_table([_scoped(row) for row in [TITLES, *addresses()]])}\n" + (
        f"## GraphQL\n\n{_table([_scoped(row) for row in [TITLES, *graphql_fields()]])}\n"
        f"## gRPC\n\n{_table([_scoped(row) for row in [TITLES, *grpc_methods()]])}\n"
        f"## The admin\n\n{_table([TITLES, *admin_pages()])}"
    )


def addresses() -> Iterator[Row]:
    """Every address but the admin's, with every method that it knows."""
    for path, callback in sorted(routes(get_resolver()), key=lambda route: route[0]):
        view = getattr(callback, "cls", None)
        if view is None or not issubclass(view, APIView):
            yield Row(f"`{path}`", tuple(_page(getattr(callback, "view_class", None), who) for who in WHO))
            continue
        for method in (name for name in view.http_method_names if hasattr(view, name) and name != "options"):
            initialised = view(**callback.initkwargs)
            answers = tuple(_verdict(initialised, method, who) for who in WHO)
            yield Row(f"`{method.upper()} {path}`", answers, _scope(initialised, method))


def graphql_fields() -> Iterator[Row]:
    """Every field of the roots of the GraphQL schema: what hangs below is reached through an object of the caller's."""
    for root, type_ in (("query", schema.query), ("mutation", schema.mutation)):
        for name, field in sorted(type_._meta.fields.items()):
            resolver = getattr(type_, f"resolve_{name}", None) or field.resolver
            scope, guards = resolver.guards
            answers = tuple(_verdict(_as_view(scope, guards), "post", who) for who in WHO)
            yield Row(f"{root} `{to_camel_case(name)}`", answers, f"`{scope}`" if scope else "–")


def grpc_methods(servicer: object = StockAnswers) -> Iterator[Row]:
    """Every method of the stock service; one that names nothing is closed to everybody."""
    for method in SERVICE.methods:
        opening = opening_of(servicer, method.name) or Opening("", (Nobody,))
        view = _as_view(*opening)
        answers = tuple(_verdict(view, "post", who) for who in WHO)
        yield Row(f"`{SERVICE.full_name}/{method.name}`", answers, f"`{opening.scope}`" if opening.scope else "–")


def _as_view(scope: str, guards: Sequence[type[BasePermission]]) -> Any:
    """As much of a REST view as permission classes look at."""
    return SimpleNamespace(scopes={"POST": scope}, get_permissions=lambda: [guard() for guard in guards])


def admin_pages() -> Iterator[Row]:
    """Every model in the admin, with every verb and every action of its own."""
    for model, its_admin in sorted(admin.site._registry.items(), key=lambda entry: entry[0]._meta.label):
        asked = {verb: getattr(its_admin, f"has_{verb}_permission") for verb in VERBS}
        asked |= {str(verb): getattr(its_admin, f"has_{verb}_permission") for verb in its_admin.actions or ()}
        for verb, ask in asked.items():
            yield Row(f"{verb} {model._meta.verbose_name_plural}", tuple(_in_admin(ask, who) for who in WHO))


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address but the admin's, with what answers there; of the API's versions, which are alike, the first."""
    for entry in resolver.url_patterns:
        path = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLPattern):
            yield f"/{path}", entry.callback
        elif entry.app_name != "admin" and entry.namespace not in LATER:
            yield from routes(entry, path)


def _verdict(view: Any, method: str, who: str) -> str:
    plain = HttpRequest()
    plain.method = method.upper()
    request = Request(plain)
    request.user = Actor(who)  # type: ignore[assignment] # as much of a user as is asked for
    request.auth = PROVED
    view.request = request
    if all(permission.has_permission(request, view) for permission in view.get_permissions()):
        return "yes"
    return "log in" if who == VISITOR else "no"


def _page(view: type | None, who: str) -> str:
    """A plain view is a public page, unless its class says otherwise."""
    if getattr(view, "is_for_programs", False):
        return "program"
    return "log in" if who == VISITOR and view and issubclass(view, LoginRequiredMixin) else "yes"


def _scope(view: APIView, method: str) -> str:
    if not view.get_authenticators():
        return ""  # it looks at no token at all
    needed = scope_of(view, method.upper())
    return f"`{needed}`" if needed else "–"


def _in_admin(ask: Any, who: str) -> str:
    request = HttpRequest()
    request.user = Actor(who)  # type: ignore[assignment] # as much of a user as is asked for
    if not admin.site.has_permission(request):
        return "log in" if who == VISITOR else "no"
    return "yes" if ask(request) else "no"


def _scoped(row: Row) -> Row:
    """Show the scope as a column of its own."""
    return row._replace(answers=(*row.answers, row.scope))


def _table(rows: list[Row]) -> str:
    """The first row is the head."""
    line = Row("---", ("---",) * len(rows[0].answers))
    return "".join(f"| {row.what} | {' | '.join(row.answers)} |\n" for row in [rows[0], line, *rows[1:]])
