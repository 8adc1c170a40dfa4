"""Links of orders: what is shown can be followed, what is not shown is refused, and a longer list asks no more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from orders import cancellation, payments
from orders.models import Order
from orders.outcomes import Declined, Unknown
from tests.accounts.oauth.dance import tokens_for
from tests.factories import application
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

Api = Callable[..., APIClient]
pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("api/hateoas")]


def doors(client: APIClient, order: Order) -> set[str]:
    return set(client.get(f"/api/v1/orders/{order.number}/").json()["_links"])


def test_pending_order_can_be_cancelled_and_one_that_ended_leads_nowhere(alice: User, api: Api) -> None:
    pending = ordered(alice, FakeGateway(Unknown()), key="one")
    declined = ordered(alice, FakeGateway(Declined("pi_1", "no")), key="two")

    assert doors(api(alice), pending) == {"self", "cancel"}
    assert doors(api(alice), declined) == {"self"}
    cancellation.cancel(pending.pk)
    assert doors(api(alice), pending) == {"self"}


def test_link_goes_when_the_time_to_change_ones_mind_is_over(alice: User, api: Api, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    Order.objects.update(placed_at=timezone.now() - timedelta(hours=25))

    assert doors(api(alice), order) == {"self"}
    assert api(alice).post(f"/api/v1/orders/{order.number}/cancellation/").status_code == 403


@pytest.mark.roadmap("auth/oauth2-scopes")
@pytest.mark.parametrize(
    ("scopes", "shown"), [(["orders:read"], {"self"}), (["orders:read", "orders:write"], {"self", "cancel"})]
)
def test_program_is_shown_what_its_scopes_allow(
    alice: User, api: Api, gateway: FakeGateway, scopes: list[str], shown: set[str]
) -> None:
    order = ordered(alice, gateway)
    client = APIClient()
    given = tokens_for(alice, *application(*scopes), " ".join(scopes))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {given['access_token']}")

    assert doors(client, order) == shown


def test_refund_is_shown_until_nothing_is_left(alice: User, carol: User, api: Api, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    payments.capture(order.pk, gateway=gateway)
    client = api(carol, "pwd", "otp")
    link = client.get(f"/api/v1/orders/{order.number}/").json()["_links"]["refund"]

    answer = client.post(link["href"], {}, format="json", headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    assert "refund" not in doors(client, order)
    assert fresh(order).payment.refundable == 0


@pytest.mark.roadmap("orm/n-plus-one")
def test_hundredth_row_costs_no_query(alice: User, carol: User, api: Api) -> None:
    """In the office, which is asked for its permissions; the buyer's list is pinned with the other orders' views."""
    costs: list[int] = []
    for number in range(6):
        ordered(alice, FakeGateway(), key=f"key-{number}")
        if number in {0, 5}:
            client = api(carol, "pwd", "otp")
            with CaptureQueriesContext(connection) as captured:
                rows: list[Any] = client.get("/api/v1/orders/").json()["results"]
            assert all({"self", "cancel", "fulfil"} <= set(row["_links"]) for row in rows)
            costs.append(len(captured))

    assert costs[0] == costs[1] <= 3


def test_link_says_where_and_how(alice: User, api: Api, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)

    [row] = api(alice).get("/api/v1/orders/").json()["results"]

    place = f"http://testserver/api/v1/orders/{order.number}/"
    assert row["_links"] == {
        "self": {"href": place, "method": "GET"},
        "cancel": {"href": f"{place}cancellation/", "method": "POST"},
    }


def test_export_is_taken_along_and_leads_nowhere(alice: User, api: Api, gateway: FakeGateway) -> None:
    ordered(alice, gateway)

    [order] = api(alice).get("/api/v1/account/export/").json()["orders"]

    assert "_links" not in order
