"""What a product costs the house, and what others pay for it, is looked for wherever anything can be read: every route
in both versions, every refusal, the export of an account, what leaves for merchants' systems, and the log.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from orders.models import OutboxMessage, WebhookDelivery, WebhookSubscription
from orders.tasks import CONSUMERS
from shop.models import Product
from tests.config.test_every_route import EXAMPLES, ROUTES, address
from tests.factories import browser_of, person, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered, perform_all

Api = Callable[..., APIClient]
#: As texts, and in cents.
SECRETS = ("4321.17", "432117", "5432.18", "543218")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.roadmap("commerce/permission-based-visibility", "security/broken-access-control"),
]


@pytest.fixture(autouse=True)
def desk(db: None) -> None:
    amounts = {"price": "9876.54", "trade_price": "5432.18", "cost": "4321.17"}
    made = product(slug=str(EXAMPLES["slug"]), sku="D-1", name="Walnut desk", **amounts)
    made.category.slug = made.slug
    made.category.save()


def readers(api: Api) -> Iterator[Any]:
    """A visitor, a customer, a packer, in a browser and over the API, and a program of a manager."""
    alice, dave, mia = person("alice"), person("dave", role="warehouse"), person("mia", role="manager")
    yield from (Client(raise_request_exception=False), browser_of(alice), api(alice), api(dave, "pwd", "otp"))
    _, key = api_keys.make(
        mia, name="k", scopes=["catalog:read", "cart:read"], networks=[], lasts=timedelta(days=1), origin=NOWHERE
    )
    yield Client(headers={"Authorization": f"Api-Key {key}"}, raise_request_exception=False)


def told(answer: Any) -> list[str]:
    text = b"".join(answer) if answer.streaming else answer.content
    said = text.decode(errors="replace") + str(dict(answer.headers))
    return [secret for secret in SECRETS if secret in said]


def test_no_route_tells_it(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="shop")
    with connection.cursor() as cursor:  # a visitor is answered from the cache, and the test's transaction waits
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    paths = {address(route) for route in ROUTES if "stock/watch" not in address(route)}
    paths |= {path.replace("/api/v1/", "/api/v2/") for path in paths}
    wishes = ["", "?fields=cost", "?ordering=cost", "?ordering=price", "?include=stock,reviews,cost", "?search=4321.17"]

    statuses = set()
    for reader in readers(api):
        for path in sorted(paths):
            for wish in wishes if "/products/" in path else [""]:
                answer = reader.get(path + wish)
                statuses.add(answer.status_code)
                assert told(answer) == [], (path, wish)

    assert {200, 400, 401, 403, 404} <= statuses
    assert not [line for line in caplog.messages if any(secret in line for secret in SECRETS)]


def test_visitor_is_told_the_price_there_or_this_proves_nothing(api: Api) -> None:
    boss = api(person("boss", role="manager"))

    assert "9876.54" in api().get("/api/v1/products/walnut-desk/").content.decode()
    assert told(boss.get("/api/v1/products/walnut-desk/")) == ["4321.17", "5432.18"]
    assert told(boss.get("/api/v2/products/")) == ["432117", "543218"]


def test_nothing_that_leaves_for_merchants_or_goes_into_an_export_has_it(alice: User, carol: User, api: Api) -> None:
    kinds = ["order.paid", "stock.low"]
    WebhookSubscription.objects.create(owner=carol, url="https://merchant.example/", events=kinds, secret="-")
    ordered(alice, FakeGateway(), units=20, stocked=21)
    Product.objects.update(trade_price="5432.18", cost="4321.17")
    perform_all({topic: CONSUMERS[topic] for topic in ("webhook.event", "webhook.stock")})

    bodies = WebhookDelivery.objects.values_list("body", flat=True)
    messages = [str(message.payload) for message in OutboxMessage.objects.all()]
    exported = api(alice, "pwd").get("/api/v1/account/export/").content.decode()

    assert len(bodies) == len(kinds)
    assert messages
    assert "lines" in exported
    hidden = (*SECRETS, "trade_price", '"cost"')
    assert not [text for text in (*bodies, *messages, exported) if any(word in text for word in hidden)]
