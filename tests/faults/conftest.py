"""One shop for all proofs of this folder, with impatient clocks, two web processes and a mail server of ours.

After each proof it must be whole again; after each file the auditor compares its books with the provider's.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from deploy.embedded.ports import free_port
from deploy.local.stack import Stack, stack
from tests.faults.books import Books
from tests.faults.crowd import SKUS, Crowd
from tests.faults.mail_server import MailServer

PROCESSES = ("provider", "web", "web.2", "worker", "mail", "beat", "relay", "grpc")
FURNISH = f"""
from django.db import transaction
from accounts.cast import admit_cast
from accounts.models import User
from shop import stock
from shop.models import Category, Product
User.objects.bulk_create(User(email=f"buyer-{{number:02}}@example.com", password="!") for number in range(1, 17))
admit_cast()
shelf = Category.objects.create(slug="faults", name="Faults", position=99)
for sku in {SKUS}:
    thing = Product.objects.create(category=shelf, sku=sku, slug=sku.lower(), name=sku, description="", price="10.00")
    with transaction.atomic():
        stock.receive(product_id=thing.pk, quantity=100_000, reference="faults")
"""
IMPATIENT = {"PAYMENT_DEADLINE_SECONDS": "2", "RECONCILE_AFTER_SECONDS": "2", "MAIL_TIMEOUT_SECONDS": "10"}
#: Sixteen buyers press as fast as they can, for minutes: nobody is to be slowed down here.
UNTHROTTLED = {"RATE_LIMITS": "*=1000000/1"}


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_port())
    server.open()
    yield server
    server.close()


@pytest.fixture(scope="session")
def shop(mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    prepare = (("migrate", "--verbosity", "0"), ("shell", "--no-imports", "-c", FURNISH))
    env = IMPATIENT | UNTHROTTLED | {"EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}"}
    folder = tmp_path_factory.mktemp("faults")
    with stack(folder, processes=PROCESSES, durable=False, env=env, prepare=prepare) as running:
        yield running


@pytest.fixture(scope="session")
def books(shop: Stack) -> Books:
    return Books(shop)


@pytest.fixture(scope="session")
def crowd(shop: Stack, books: Books) -> Iterator[Crowd]:
    people = Crowd(shop, books)
    yield people
    people.close()


@pytest.fixture(scope="session")
def provider(shop: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.provider_url, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def faults(provider: httpx.Client) -> Callable[..., Any]:
    """`faults(timeout_before_charge=0.3)` turns the provider's switches so, and all others off."""
    return lambda **switches: provider.put("/_faults", json=switches).raise_for_status()


@pytest.fixture(autouse=True)
def whole_again(shop: Stack, books: Books, provider: httpx.Client, mail_server: MailServer) -> Iterator[None]:
    """Whatever broke is mended, the shop comes to rest by itself, and no process has ended over it."""
    yield
    mail_server.be_kind()
    mail_server.open()
    provider.delete("/_faults")
    books.come_to_rest(60)
    assert books.broken_promises() == []
    assert [name for name, process in shop.processes.items() if not process.is_running] == []


@pytest.fixture(autouse=True, scope="module")
def audited_books(shop: Stack) -> Iterator[None]:
    """No double charge, no held money without an order, no paid order without its mail: here and at the provider."""
    yield
    shop.manage("audit", "--at-rest")
