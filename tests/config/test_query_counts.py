"""What each address and each nested question costs the database: the same for one row as for many.

A new address that answers GET is a row of `COUNTS`, or the test names it. The caller's own row is among the queries:
`who` is 1 where somebody must be logged in.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken
from rest_framework.test import APIClient

from accounts import addresses, api_keys, roles, security_events
from accounts.models import ExternalIdentity, SecurityEvent, User
from accounts.security_events import NOWHERE
from orders import fulfilment
from orders.imports import booking
from orders.models import StockImport, WebhookDelivery, WebhookSubscription
from shop import reviews, stock
from shop.models import Category, Product
from tests.factories import CategoryFactory, app_of, application, cart_of, product, token_of
from tests.fakes import FakeGateway
from tests.graphql_client import ask
from tests.orders.purchases import ADDRESS, ordered

Api = Callable[..., APIClient]
pytestmark = [pytest.mark.roadmap("orm/n-plus-one"), pytest.mark.django_db]
MANY = 7


class Fill(NamedTuple):
    """Whose rows there are to be: alice's, of a shop with one product at least."""

    alice: User
    desk: Product
    count: int

    def products(self) -> None:
        for _ in range(self.count - 1):
            product()

    def categories(self) -> None:
        for _ in range(self.count):
            CategoryFactory(parent=self.desk.category)

    def cart(self) -> None:
        cart_of(self.alice, *((product(), 1) for _ in range(self.count)))

    def orders(self) -> None:
        for number in range(self.count):
            ordered(self.alice, FakeGateway(), key=f"key-{number}")

    def parcels(self) -> None:
        self.orders()
        for order in self.alice.orders.all():
            fulfilment.pack(order.pk, actor=User(is_staff=True, is_superuser=True))

    def deliveries(self) -> None:
        for number in range(self.count):
            stock.receive(product_id=self.desk.pk, quantity=1, reference=f"note {number}")

    def reviews(self) -> None:
        people = [User(email=f"{number}@example.com") for number in range(self.count)]
        for author in User.objects.bulk_create(people):
            reviews.write(author=author, product=self.desk, rating=4, text="Solid.")

    def pictures(self) -> None:
        self.reviews()
        for number in range(self.count):
            self.desk.images.create(alt="A desk", digest=str(number), width=9, height=9, is_ready=True)

    def pictures_as_manager(self) -> None:
        self.pictures()
        roles.give(self.alice, "manager")

    def sessions(self) -> None:
        for _ in range(self.count):
            token_of(self.alice)

    def events(self) -> None:
        for _ in range(self.count):
            security_events.record(SecurityEvent.Kind.LOGIN, user=self.alice)

    def keys(self) -> None:
        for number in range(self.count):
            api_keys.make(
                self.alice, name=str(number), scopes=["cart:read"], networks=[], lasts=timedelta(days=1), origin=NOWHERE
            )

    def addresses(self) -> None:
        for _ in range(self.count):
            addresses.add(self.alice, **ADDRESS)

    def factors(self) -> None:
        for _ in range(self.count):
            app_of(self.alice)

    def identities(self) -> None:
        names = [f"subject-{number}" for number in range(self.count)]
        ExternalIdentity.objects.bulk_create(
            ExternalIdentity(user=self.alice, issuer="https://id.example", subject=name, linked_at=timezone.now())
            for name in names
        )

    def applications(self) -> None:
        for number in range(self.count):
            program, token = application("orders:read", name=str(number))[0], f"token-{number}"
            opened = {"user": self.alice, "application": program, "token": token}
            access = AccessToken.objects.create(**opened, scope="orders:read", expires=timezone.now())
            RefreshToken.objects.create(**opened, access_token=access)

    def webhooks(self) -> None:
        wish = {"owner": self.alice, "url": "https://merchant.example/", "events": ["order.paid"], "secret": "-"}
        rows = WebhookSubscription.objects.bulk_create(WebhookSubscription(**wish) for _ in range(self.count))
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(id=uuid4(), subscription=rows[0], type="order.paid", body="{}") for _ in range(self.count)
        )

    def imports(self) -> None:
        for _ in range(self.count):
            rows = [{"sku": "NOTHING", "quantity": 1}] * self.count
            booking.work(booking.accept(self.alice, rows).pk)

    def nothing(self) -> None:
        """There is one of it."""


class Cost(NamedTuple):
    """The queries of one GET, where what `fill` makes is there once or many times."""

    queries: int
    fill: Callable[[Fill], object]


#: By the name of the route. The first query of whoever is logged in finds out who asks.
COUNTS = {
    "root": Cost(1, Fill.nothing),
    "products": Cost(1, Fill.products),  # the page, with its pictures
    "product": Cost(1, Fill.pictures),  # the product, with its pictures
    "product-image": Cost(1 + 2 + 1, Fill.pictures_as_manager),  # what the caller's role lets them, the picture
    "stock": Cost(1 + 2, Fill.deliveries),  # the product, its shelf
    "stock-entries": Cost(1 + 2, Fill.deliveries),  # the product, the page
    "reviews": Cost(2, Fill.reviews),  # the product, the page with its authors
    "review": Cost(1, Fill.reviews),
    "categories": Cost(1, Fill.categories),
    "category": Cost(1, Fill.categories),
    "cart": Cost(1 + 2, Fill.cart),  # the cart, its lines with their products
    "orders": Cost(1 + 1, Fill.orders),
    "order": Cost(1 + 4, Fill.orders),  # the order with its payment, lines, refunds, events: four kinds of row
    "fulfilments": Cost(1 + 2, Fill.parcels),  # the order, its parcels
    "fulfilment": Cost(1 + 2, Fill.parcels),
    "account": Cost(1, Fill.nothing),
    "addresses": Cost(1 + 1, Fill.addresses),
    "address": Cost(1 + 1, Fill.addresses),
    "security-events": Cost(1 + 1, Fill.events),
    "sessions": Cost(1 + 1, Fill.sessions),
    "factors": Cost(1 + 1, Fill.factors),
    "api-keys": Cost(1 + 1, Fill.keys),
    "applications": Cost(1 + 1, Fill.applications),
    "identities": Cost(1 + 1, Fill.identities),
    "webhook-subscriptions": Cost(1 + 1, Fill.webhooks),
    "webhook-subscription": Cost(1 + 1, Fill.webhooks),
    "webhook-deliveries": Cost(1 + 2, Fill.webhooks),  # the subscription, its log
    "stock-imports": Cost(1 + 1, Fill.imports),
    "stock-import": Cost(1 + 1, Fill.imports),
    "stock-import-refusals": Cost(1 + 2, Fill.imports),  # the import, the page
    "export": Cost(30, Fill.orders),  # everything there is of a person, once a year; the same for one order as for many
}
FOR_GUESTS = {"products", "product", "categories", "category", "reviews", "review"}
FOR_STAFF = {
    "stock", "stock-entries", "stock-imports", "stock-import", "stock-import-refusals",
    "webhook-subscriptions", "webhook-subscription", "webhook-deliveries",
}  # fmt: skip


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every pattern of the API that answers GET."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry)
        elif hasattr(getattr(entry.callback, "cls", None), "get"):
            yield entry


ROUTES = {route.name: route for route in routes(get_resolver("config.api"))}


def path_of(name: str, fill: Fill) -> str:
    """Where the thing is that was made."""
    listener = WebhookDelivery.objects.values_list("subscription", flat=True).first()
    listed = StockImport.objects.first()
    order, part = fill.alice.orders.first(), fill.desk.category if name == "category" else fill.desk
    made = {
        "stock-import": listed,
        "stock-import-refusals": listed,
        "fulfilment": getattr(order, "fulfilment", None),
        "address": fill.alice.addresses.first(),
        "product-image": fill.desk.images.first(),
    }.get(name, fill.desk.reviews.first())
    known = {
        "slug": part.slug,
        "number": order and order.number,
        "id": listener if name.startswith("webhook-") else getattr(made, "pk", None),
    }
    return reverse(f"v1:{name}", kwargs={part: known[part] for part in ROUTES[name].pattern.converters})


@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize("name", COUNTS)
def test_address_costs_the_same_for_one_row_and_for_many(alice: User, api: Api, name: str, count: int) -> None:
    desk = product()
    User.objects.filter(pk=alice.pk).update(is_staff=name in FOR_STAFF, is_superuser=name in FOR_STAFF)
    fill, client = Fill(alice, desk, count), api(None if name in FOR_GUESTS else alice)
    COUNTS[name].fill(fill)
    path = path_of(name, fill)
    client.get(path)  # whoever comes first reads the keys that tokens are signed with

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)

    assert answer.status_code == 200
    assert len(captured) == COUNTS[name].queries, [query["sql"] for query in captured]


def test_every_address_that_answers_get_is_counted() -> None:
    assert ROUTES.keys() == COUNTS.keys(), "say in COUNTS what the new address asks of the database"


def test_a_query_for_each_row_would_be_seen(alice: User, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shop.views.Categories.get_queryset", lambda view: Category.objects.order_by("position", "name")
    )
    Fill(alice, product(), MANY).categories()

    with CaptureQueriesContext(connection) as captured:
        api(None).get("/api/v1/categories/")

    assert len(captured) >= 1 + MANY


class Nested(NamedTuple):
    """One GraphQL question, its queries, and what is there once or many times."""

    question: str
    queries: int
    fill: Callable[[Fill], object]


PAGE = "{ edges { node { %s } } }"
NESTED = {
    "products with shelf and stock": Nested(
        "{ products " + PAGE % "sku available rating images { url } category { slug parent { slug } }" + "}",
        3, Fill.products,
    ),
    "shelves with products": Nested(
        "{ categories { slug children { slug } products " + PAGE % "sku available" + "} }", 3, Fill.categories
    ),
    "products with reviews": Nested(
        "{ products " + PAGE % ("sku reviews " + PAGE % "author text rating") + "}", 2, Fill.products
    ),
    "cart": Nested(
        "{ cart { lines { quantity product { name available category { name } } } total { amount } } }",
        1 + 4, Fill.cart,
    ),
    "orders": Nested(
        "{ orders " + PAGE % "number status lines { sku } payment { status refunds { amount } }" + "}",
        1 + 4, Fill.orders,
    ),
    "orders with their history": Nested(
        "{ orders " + PAGE % "number lines { sku } events { type }" + "}", 1 + 3, Fill.orders
    ),
}  # fmt: skip


@pytest.mark.roadmap("api/graphql-dataloader")
@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nested_question_costs_the_same_for_one_row_and_for_many(
    alice: User, api: Api, nested: Nested, count: int
) -> None:
    nested.fill(Fill(alice, product(), count))
    client = api(alice if nested.fill in {Fill.cart, Fill.orders} else None)
    ask(client, nested.question)

    with CaptureQueriesContext(connection) as captured:
        ask(client, nested.question)

    assert len(captured) == nested.queries <= 5, [query["sql"] for query in captured]
