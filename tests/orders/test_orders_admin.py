"""Orders in the admin: to look at; the one thing that can be done is to give dead messages a new life."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from orders.models import Coupon, Order, OutboxMessage
from tests.factories import cart_of, office_of, person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered
from tests.races.counter import press


@pytest.fixture
def office(carol: User) -> Client:
    return office_of(carol)


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_carol_replays_dead_messages_and_no_others(office: Client) -> None:
    dead = OutboxMessage.objects.create(topic="mail.test", payload={}, dead_at=Now(), attempts=24)
    done = OutboxMessage.objects.create(topic="mail.test", payload={}, done_at=Now(), attempts=1)
    chosen = {"action": "replay", "_selected_action": [dead.pk, done.pk]}

    answer = office.post(reverse("admin:orders_outboxmessage_changelist"), chosen, follow=True)

    assert "1 messages will be tried again." in answer.content.decode()
    assert list(OutboxMessage.objects.waiting()) == [dead]


@pytest.mark.roadmap("security/broken-access-control")
@pytest.mark.parametrize(("permission", "revived"), [("view", 0), ("change", 1)])
def test_who_may_only_look_at_messages_replays_none(db: None, permission: str, revived: int) -> None:
    dave = person("dave", role="warehouse")
    allowed = {"view_outboxmessage", f"{permission}_outboxmessage"}
    dave.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    client = office_of(dave)
    dead = OutboxMessage.objects.create(topic="mail.test", payload={}, dead_at=Now())

    client.post(reverse("admin:orders_outboxmessage_changelist"), {"action": "replay", "_selected_action": [dead.pk]})

    assert OutboxMessage.objects.waiting().count() == revived


COUPON = {"code": "SPRING", "kind": "percentage", "value": "10", "currency": "", "uses_limit": "5"}
ADD_COUPON = "admin:orders_coupon_add"


def test_carol_gives_out_a_coupon_and_its_count_is_never_typed_over(office: Client) -> None:
    office.post(reverse(ADD_COUPON), COUPON | {"uses": "3"})
    made = Coupon.objects.get()
    change = reverse("admin:orders_coupon_change", args=[made.pk])

    office.post(change, {"value": "99", "uses": "4", "uses_limit": "7"})

    assert (made.value, made.uses) == (10, 0)
    made.refresh_from_db()
    assert (made.value, made.uses, made.uses_limit) == (10, 0, 7)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"value": "101"}, "at most 100"),
        ({"kind": "fixed_amount"}, "a fixed amount has a currency"),
        ({"code": "spring"}, "Capital letters"),
    ],
)
def test_coupon_that_makes_no_sense_is_refused_with_words(
    office: Client, wrong: dict[str, str], complaint: str
) -> None:
    answer = office.post(reverse(ADD_COUPON), COUPON | wrong)

    assert complaint in answer.content.decode()
    assert not Coupon.objects.exists()


def test_order_page_costs_as_many_queries_for_ten_lines_as_for_one(
    office: Client, alice: User, gateway: FakeGateway
) -> None:
    small = ordered(alice, gateway)
    cart_of(alice, *((product(), 1) for _ in range(10)))
    press(alice, gateway, "key-2")
    large = Order.objects.exclude(pk=small.pk).get()
    pages = [reverse("admin:orders_order_change", args=[order.pk]) for order in (small, large)]
    office.get(pages[0])  # which content type an order has is asked once for each process

    assert [queries_of(office, page) for page in pages] == [8, 8]


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_nobody_writes_orders_by_hand(office: Client, alice: User, gateway: FakeGateway, verb: str) -> None:
    order = ordered(alice, gateway)
    arguments = [] if verb == "add" else [order.pk]

    answer = office.post(reverse(f"admin:orders_order_{verb}", args=arguments), {"status": "refunded", "post": "yes"})

    assert answer.status_code == 403
    assert Order.objects.get().status == "paid"
