"""The cast, their clients, a running shop, and the auditor who looks at the books after every test that used them."""

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from django.core.cache import cache, caches
from django.core.mail import EmailMessage
from django.test import TransactionTestCase
from rest_framework.test import APIClient
from xdist.scheduler.loadscope import LoadScopeScheduling

from accounts import keys
from accounts.models import User
from config.audit import check_books
from deploy.local.stack import Stack, stack
from orders import outbox
from orders.models import OutboxMessage
from orders.tasks import CONSUMERS
from shop import switches
from shop.cache.aside import catalogue
from tests.emptying import empty
from tests.factories import person, token_of
from tests.fakes import FakeGateway
from tests.leaks import overheard

TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]
LettersSent = Callable[[], list[EmailMessage]]
ROOT = Path(__file__).resolve().parents[1]


#: Folders and modules whose tests share a running shop: in a parallel run one process takes all of them.
SHARING = ("crashes", "faults", "zoo")
ON_SHOP_STACK = (
    "test_brute_force.py", "test_by_hand.py", "test_clients.py", "test_demo.py", "test_grpc_process.py",
    "test_http_file.py", "test_lessons.py", "test_postman.py", "test_runbooks.py",
    "test_races_over_http.py", "test_readme.py", "test_social_login.py", "test_storefront_contract.py",
    "test_trail_over_processes.py",
)  # fmt: skip


#: What takes longest is begun first, so that no process is left alone with it at the end.
LONGEST = ("shop_stack", "crashes", "faults", "zoo", "model", "deploy")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms to their own command, `-m long`. Coverage, which makes tests half as slow again, is measured
    of those that prove a topic (`roadmap/proof.py`), and of the first two cases where one test has many.
    """
    if "long" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    cases = Counter[str]()
    items.sort(key=lambda item: rank(scope_of(item.nodeid)))
    for item in items:
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        if not item.get_closest_marker("roadmap") or cases[test] > 2:
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Six thousand tests stay until the end: the garbage collector need not walk through them, which took a tenth of
    the time of the tests.
    """
    gc.collect()
    gc.freeze()


def scope_of(nodeid: str) -> str:
    """Return what a test is run with: its module, or all that uses the same running shop."""
    folder, _, name = nodeid.partition("::")[0].removeprefix("tests/").rpartition("/")
    return folder if folder in SHARING else "shop_stack" if name in ON_SHOP_STACK else f"{folder}/{name}"


def rank(scope: str) -> int:
    """Say when it is its turn; the rest keeps the order that chance gave it."""
    first = scope.partition("/")[0]
    return LONGEST.index(first) if first in LONGEST else len(LONGEST)


class ByShop(LoadScopeScheduling):
    """Gives what runs together to one process as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByShop:
    """Have xdist share the work out by shop (with `--dist loadscope`)."""
    return ByShop(config, log)


@pytest.fixture(autouse=True)
def audited(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test with a database every promise of `deploy/audit/invariants.sql` must hold, unless it is marked."""
    database = {"db", "transactional_db"} & set(request.fixturenames)
    if database:
        request.getfixturevalue(next(iter(database)))
    yield
    if database and not request.node.get_closest_marker("breaks_the_books"):
        assert check_books(at_rest=False) == []


@pytest.fixture(autouse=True)
def nothing_secret_is_logged() -> Iterator[None]:
    """Whatever a test is about: no line that it has the shop write tells a token, a key or a card."""
    with overheard() as leaks:
        yield
    assert leaks == []


@pytest.fixture(autouse=True)
def switches_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process looks at the switches every five seconds: a test whose statements are counted must not be the one."""
    monkeypatch.setattr(switches._Kept, "seen", switches.Seen(float("inf"), {}))


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest) -> None:
    """Inside a transaction nothing is kept, so only tests that commit could meet the answers of another."""
    if "transactional_db" in request.fixturenames:
        there: Any = caches["catalogue"]
        client = there._cache.get_client()
        if kept := client.keys(f"{there.key_prefix}:*"):
            client.delete(*kept)
        catalogue.memory.clear()


@pytest.fixture
def alice(db: None) -> User:
    """Buys."""
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Must not see alice's things."""
    return person("bob")


@pytest.fixture
def carol(db: None) -> User:
    """Runs the shop."""
    return person("carol", is_superuser=True, role="admin")


@pytest.fixture(scope="session")
def key_pair() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def one_key_pair(key_pair: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second for new keys in every test that logs in would be minutes in all."""
    monkeypatch.setattr(keys, "generate_private_key", lambda **_: key_pair)


@pytest.fixture(autouse=True)
def keys_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process reads the keys anew now and then: a test whose statements are counted must not be the one."""
    monkeypatch.setattr(keys, "_moment", lambda: 0)
    keys._read.cache_clear()
    keys._latest.cache_clear()


@pytest.fixture
def gateway() -> FakeGateway:
    """A provider that holds every payment."""
    return FakeGateway()


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(alice)` is a client with alice's token, `api(carol, "pwd", "otp")` has shown a second factor, too."""

    def client(user: User | None = None, *methods: str) -> APIClient:
        made = APIClient(raise_request_exception=False)
        if user:
            made.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user, methods or ['pwd'])}")
        return made

    return client


@pytest.fixture
def letters_sent(mailoutbox: list[EmailMessage]) -> LettersSent:
    """`letters_sent()` has the mail worker do all that waits for it and returns what has left so far."""

    cache.clear()  # an address gets a letter of a kind every five minutes

    def deliver() -> list[EmailMessage]:
        for message in OutboxMessage.objects.waiting().filter(topic="mail.account").order_by("created_at"):
            assert outbox.perform(message.pk, CONSUMERS)
        return mailoutbox

    return deliver


def mails_to(folder: Path) -> dict[str, str]:
    """Have a stack deliver its mails to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"EMAIL_URL": f"filemail://{folder}"}


@pytest.fixture(scope="session")
def shop_stack() -> Iterator[Stack]:
    """The whole shop as separate processes, two of them web servers, on servers and ports of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    processes = ("provider", "web", "web.2", "worker", "mail", "beat", "relay", "grpc")
    prepare = (("migrate", "--verbosity", "0"), ("seed", "--crowd", "21"))
    folder = ROOT / "var" / f"{os.environ['TEST_RUN']}-stack-{worker}"  # two runs at once get two shops
    shutil.rmtree(folder / "log", ignore_errors=True)  # of an earlier run
    # All tests come from one address, and some press the button a hundred times a minute.
    env = mails_to(folder / "mail") | {"RATE_LIMITS": "address=1000000/60 person=1000000/60 checkout=1000000/60"}
    with stack(folder, processes=processes, durable=False, prepare=prepare, env=env) as shop:
        yield shop


@pytest.fixture
def empty_carts(shop_stack: Stack) -> None:
    """Of the running shop: whoever asked it before may have left something in one."""
    with psycopg.connect(shop_stack.servers.database_url) as books:
        books.execute("DELETE FROM orders_cartline")
