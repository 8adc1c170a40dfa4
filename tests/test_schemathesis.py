"""schemathesis asks everything that the OpenAPI document allows and much that it forbids, and holds each answer against
it: status, content type, body, headers, refusals.

Three callers: a guest, alice with something in her cart and an order, carol who runs the shop. In-process, on real
PostgreSQL. Each operation gets the limits of its document and three random cases; in the long form as many as one says:

    CASES_EACH=100 python -m pytest tests/test_schemathesis.py
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, note, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import response_schema_conformance

from accounts.models import TokenFamily, User
from accounts.security_events import NOWHERE
from accounts.tokens import RefreshToken, log_in
from config.wsgi import application
from orders import gateways
from orders.models import Order
from tests.factories import CategoryFactory, cart_of, product, token_of
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered
from tests.test_openapi_v2 import DOCUMENT_V2

#: What OpenAPI has no words for: a webhook must be signed, so no random one is accepted.
UNSAYABLE = {
    "include-path": "/api/v1/webhooks/payments/",
    "checks": {"positive_data_acceptance": {"enabled": False}},
}
#: And few clients read that exactly one of two members is sent, so the document leaves it to the words.
EITHER_OR = {
    "include-path": "/api/v1/orders/",
    "include-method": "POST",
    "checks": {"positive_data_acceptance": {"enabled": False}},
}
#: Nor for what makes a text a table.
TABLES = {
    "include-path": "/api/v1/stock/imports/",
    "include-method": "POST",
    "checks": {"positive_data_acceptance": {"enabled": False}},
}
CONFIG = SchemathesisConfig.from_dict(
    {"operations": [UNSAYABLE, EITHER_OR, TABLES], "generation": {"allow-x00": False}}
)
#: 402 and 409 are answers to a request that is in order: the bank or the stock says no; 412: so does another version.
CONFIG.projects.default.checks.positive_data_acceptance.expected_statuses += ["402", "412", "422"]
#: What is no version at all is told the same as another version.
CONFIG.projects.default.checks.negative_data_rejection.expected_statuses += ["412"]
#: A write that names no version is told so by a status of its own (RFC 6585).
CONFIG.projects.default.checks.missing_required_header.expected_statuses += ["428"]

schema = schemathesis.openapi.from_wsgi("/api/schema/", application, config=CONFIG)
Headers = dict[str, str]
CALLERS = ("guest", "alice", "carol")
CASES_EACH = int(os.environ.get("CASES_EACH", "3"))
IS_LONG = "CASES_EACH" in os.environ
PLAIN = {"Accept-Encoding": "identity"}  # in-process nobody unpacks what is compressed; schemathesis reads bytes


@schema.hook
def filter_query(context: Any, query: dict[str, Any] | None) -> bool:
    """Make no cursor of one's own, and say nothing that an URL cannot: of a parameter given twice the last one counts,
    and one without a value, as HTML forms send it, means the same as none. `tests/shop/test_shop_views.py` shows each.
    """
    return all(name not in {"", "cursor"} and is_one_value(value) for name, value in (query or {}).items())


def is_one_value(value: object) -> bool:
    return value not in ("", None) and not isinstance(value, list | dict)


@schema.hook
def filter_body(context: Any, body: Any) -> bool:
    """Give every attribute a name: OpenAPI 3.0 has no words for the names in a map."""
    attributes = body.get("attributes") if isinstance(body, dict) else None
    return not (isinstance(attributes, dict) and "" in attributes)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request's end would close the connection of the test's transaction; Django's own client does this, too."""
    moments = (request_started, request_finished)
    for moment in moments:
        moment.disconnect(close_old_connections)
    yield
    for moment in moments:
        moment.connect(close_old_connections)


@pytest.fixture
def world(alice: User, carol: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A shop with a shelf, a desk, an order of alice's and something in her cart."""
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    with connection.cursor() as cursor:  # inventing a request may take longer than a purchase may sit in a transaction
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    desk = product(sku="DESK", slug="desk", stocked=90, category=CategoryFactory(slug="desks"))
    order = ordered(alice, gateway)
    line = cart_of(alice, (desk, 1)).lines.get()
    people = {"guest": None, "alice": alice, "carol": carol}
    login = TokenFamily.objects.get(latest=RefreshToken(log_in(alice, methods=["pwd"], origin=NOWHERE).refresh)["jti"])
    headers = {name: headers_of(user) for name, user in people.items()}
    return people | {
        "headers": headers,
        "slug": "desk",
        "number": order.number,
        "line_id": str(line.pk),
        "id": str(login.pk),
    }


def headers_of(user: User | None) -> Headers:
    """Who has shown a second factor is asked for none again, so every answer can be met."""
    return {"Authorization": f"Bearer {token_of(user, ['pwd', 'otp'])}"} if user else {}


def lead_somewhere(case: Any, world: dict[str, Any]) -> None:
    """Have it ask about things that are there as often as about things that are not; what is wrong stays wrong."""
    path = case.meta.components.get(ParameterLocation.PATH)
    for name in case.path_parameters or {} if path and not path.mode.is_negative else ():
        if len(str(case.path_parameters[name])) % 2:
            case.path_parameters[name] = world.get(name, case.path_parameters[name])


def ask(case: Any, world: dict[str, Any]) -> None:
    """Inventing a case takes longer than answering it, so all three ask the same one; the limits of the document carol
    asks alone, whom nobody stops earlier.
    """
    lead_somewhere(case, world)
    # OpenAPI cannot say that members are left out at one's own wish; `tests/accounts/test_fieldsets.py` shows each.
    unsayable = [response_schema_conformance] if "fields" in (case.query or {}) else []
    is_limit = case.meta.phase.name == TestPhase.COVERAGE
    for caller in CALLERS[-1:] if is_limit and not IS_LONG else CALLERS:
        note(f"asked by {caller}")
        before = transaction.savepoint()  # one that works, as of a new password, would spoil the world of the next
        try:
            case.call_and_validate(headers=world["headers"][caller] | PLAIN, excluded_checks=unsayable)
        finally:
            transaction.savepoint_rollback(before)


@pytest.mark.timeout(120 * CASES_EACH)
@schema.parametrize()
@settings(max_examples=CASES_EACH, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not IS_LONG)
def test_answer_is_one_that_the_document_promises(case: Any, world: dict[str, Any]) -> None:
    ask(case, world)


#: In v2 these stand for all that has money in it: `tests/test_openapi_v2.py` lets nothing else differ.
PRICED = ["cart/", "products/{slug}/", "orders/{number}/", "orders/{number}/refunds/"]
schema_v2 = schemathesis.openapi.from_dict(
    DOCUMENT_V2 | {"paths": {f"/api/v2/{path}": DOCUMENT_V2["paths"][f"/api/v2/{path}"] for path in PRICED}},
    config=CONFIG,
)
schema_v2.app = application


@pytest.mark.roadmap("api/versioning")
@schema_v2.parametrize()
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_money_is_what_the_document_of_v2_promises(case: Any, world: dict[str, Any]) -> None:
    ask(case, world)


def test_world_is_worth_asking_about(world: dict[str, Any]) -> None:
    assert Order.objects.get().number == world["number"]
