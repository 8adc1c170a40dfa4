"""What waits is told with its age, though the workers that should do it are gone; so is a database that is away."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from config.metrics import books
from config.metrics.books import Books
from orders import outbox
from orders.models import Order, OutboxMessage
from orders.outcomes import Unknown
from tests.fakes import FakeGateway
from tests.figures import page, value
from tests.orders.purchases import ordered


@pytest.fixture
def told(transactional_db: None) -> Books:
    """Asks anew each time."""
    return Books(good_for=0)


def age(told: Books, lane: str = "other") -> float:
    return value(page([told]), "shop_outbox_unfinished_age_seconds", lane=lane)


@pytest.mark.roadmap("messaging/queue-monitoring", "messaging/transactional-outbox")
def test_without_workers_the_age_grows_though_the_relay_publishes(told: Books) -> None:
    outbox.post("payment.capture", {"order": 1})
    outbox.post("mail.account", {}, due_at=timezone.now() + timedelta(hours=1))
    before = page([told])
    handed: list[UUID] = []
    outbox.publish_due(lambda message_ids, topic: handed.extend(message_ids))  # and nobody takes it

    first, then = age(told), age(told)

    assert value(before, "shop_outbox_due_messages", lane="other") == len(handed) == 1
    assert value(before, "shop_outbox_due_messages", lane="mail") == 0
    assert value(page([told]), "shop_outbox_due_messages") == 0
    assert 0 < first < then
    outbox.perform(handed[0], {"payment.capture": lambda message: None})
    assert age(told) == 0
    assert age(told, "mail") > 0


@pytest.mark.roadmap("messaging/queue-monitoring")
def test_dead_letters_are_told_until_they_are_replayed(told: Books) -> None:
    dead = OutboxMessage.objects.create(topic="payment.refund", payload={}, dead_at=Now())

    during = value(page([told]), "shop_outbox_dead_messages")
    outbox.replay([dead.pk])

    assert (during, value(page([told]), "shop_outbox_dead_messages")) == (1, 0)


def test_order_without_the_providers_word_is_told(told: Books, alice: User) -> None:
    ordered(alice, FakeGateway(Unknown()))
    Order.objects.update(placed_at=timezone.now() - timedelta(minutes=3))

    now = page([told])

    assert value(now, "shop_orders_pending") == 1
    assert 180 < value(now, "shop_orders_pending_age_seconds") < 240


@pytest.fixture
def database_away(told: Books) -> Iterator[None]:
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = 1
    yield
    connection.settings_dict["PORT"] = port


def test_database_that_is_away_takes_nothing_else_off_the_page(told: Books, database_away: None) -> None:
    now = page([told])

    assert value(now, "shop_books_up") == 0
    assert "shop_outbox_due_messages" not in now
    assert "shop_purchases_total" in now


def test_what_was_found_is_good_for_some_seconds(transactional_db: None) -> None:
    now, kept = [100.0], Books(clock=lambda: now[0])
    found = kept.collect()

    now[0] += 4.9
    again = kept.collect()
    now[0] += 0.2

    assert again is found
    assert kept.collect() is not found


@pytest.mark.parametrize("sql", [books.OUTBOX, books.DEAD, books.PENDING])
def test_question_walks_an_index_of_what_is_unfinished(transactional_db: None, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", [books.MOST])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")

    assert "Seq Scan" not in plan
    assert any(name in plan for name in ("outbox_due", "outbox_dead", "pending_orders"))
