"""Scopes: what a program may do in somebody's name is named by each view, and what no view names is closed."""

from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.models import User
from accounts.oauth.access import Delegated
from accounts.permissions import Holds, WithinScope
from accounts.scopes import CLIENTS_OWN, SCOPES
from accounts.tokens import AccessToken
from config import access
from config.graphql.endpoint import GraphQL
from orders.views.carts import CartDetail
from orders.views.orders import Orders, Refunds
from shop.views import Products
from tests.answers import assert_problem
from tests.factories import token_of

pytestmark = pytest.mark.roadmap("auth/authorization-middleware-and-decorators")


VIEWS: list[APIView] = [
    callback.cls(**callback.initkwargs)
    for _, callback in access.routes(get_resolver())
    if issubclass(getattr(callback, "cls", object), APIView)
]


def asks_for_scopes(view: APIView) -> bool:
    """Whether programs get in by scope alone: by its permissions, or because it looks at no token at all.

    GraphQL lets everybody in: its fields ask, each for itself.
    """
    return (
        isinstance(view, GraphQL)
        or not view.get_authenticators()
        or any(isinstance(asked, WithinScope) for asked in view.get_permissions())
    )


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_every_view_asks_programs_for_a_scope_or_looks_at_no_token(view: APIView) -> None:
    assert asks_for_scopes(view)
    assert set(getattr(view, "scopes", {}).values()) <= set(SCOPES)


@pytest.mark.asvs("8.2.1")
def test_every_graphql_field_of_a_root_asks_programs_for_a_scope() -> None:
    asked = {row.what: row.scope for row in access.graphql_fields()}

    assert len(asked) >= 13
    assert {scope.strip("`") for scope in asked.values()} - {"–"} <= set(SCOPES)
    assert asked["mutation `refundOrder`"] == "–"


def test_view_that_forgot_would_be_found() -> None:
    class Forgetful(APIView):
        permission_classes = []

    assert not asks_for_scopes(Forgetful())
    assert len(VIEWS) >= 15


def test_every_scope_opens_something_and_every_sentence_can_follow_may() -> None:
    opened = {scope for view in VIEWS for scope in getattr(view, "scopes", {}).values()}
    opened |= {row.scope.strip("`") for row in access.grpc_methods()}

    assert opened == set(SCOPES)
    assert set(CLIENTS_OWN) < set(SCOPES)


def answer(view: type[APIView], user: User, scopes: set[str] | None, method: str = "get") -> Any:
    request, program = getattr(APIRequestFactory(), method)("/"), Delegated(user, "partner", frozenset(scopes or ()))
    force_authenticate(request, user, AccessToken(token_of(user, ["pwd", "otp"])) if scopes is None else program)
    return view.as_view()(request, **({"number": "7KQ2-M4XD-9RTC"} if view is Refunds else {}))


@pytest.mark.parametrize(
    ("view", "scope"), [(Orders, "orders:read"), (CartDetail, "cart:read"), (Products, "catalog:read")]
)
def test_program_sees_what_its_scope_names_and_nothing_else(alice: User, view: type[APIView], scope: str) -> None:
    others = set(SCOPES) - {scope}

    assert answer(view, alice, {scope}).status_code == 200
    refusal = answer(view, alice, others)
    assert (refusal.status_code, refusal.data["type"]) == (403, "/problems/insufficient-scope/")
    assert refusal["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


def test_head_needs_what_get_needs(alice: User) -> None:
    assert answer(Orders, alice, {"orders:read"}, "head").status_code == 200
    assert answer(Orders, alice, {"orders:write"}, "head").status_code == 403


@pytest.mark.parametrize("method", ["post", "options"])
def test_what_names_no_scope_is_closed_to_programs_whoever_they_act_for(carol: User, method: str) -> None:
    assert answer(Refunds, carol, None, method).status_code != 403
    refusal = answer(Refunds, carol, set(SCOPES), method)

    assert (refusal.status_code, refusal.data["scope"]) == (403, "")


@pytest.mark.asvs("8.2.2")
def test_scope_gives_no_more_than_the_person_may(alice: User) -> None:
    class Till(APIView):
        permission_classes = [Holds.the("orders.refund_order")]
        scopes = {"POST": "orders:write"}

    refusal = answer(Till, alice, {"orders:write"}, "post")

    assert (refusal.status_code, refusal.data["type"]) == (403, "/problems/not-allowed/")


def test_person_and_guest_need_no_scope(alice: User, api: Any) -> None:
    guest: APIClient = api(None)

    assert {api(alice).get(f"/api/v1/{page}/").status_code for page in ("orders", "cart", "products")} == {200}
    assert {guest.get(f"/api/v1/{page}/").status_code for page in ("cart", "products")} == {200}
    assert_problem(guest.get("/api/v1/orders/"), 401, "not-authenticated")


@pytest.mark.roadmap("api/openapi-documentation")
def test_document_says_which_scope_opens_what(api: Any) -> None:
    document = api(None).get("/api/schema/", headers={"Accept": "application/json"}).json()
    security = {path: document["paths"][f"/api/v1/{path}/"]["get"]["security"] for path in ("orders", "auth/sessions")}

    assert {"oauth2": ["orders:read"]} in security["orders"]
    assert security["auth/sessions"] == [{"jwtAuth": []}]
    assert document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"] == SCOPES
