"""One suite on every session store, and what each remembers after its memory was lost."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import Client, override_settings

from accounts.models import TokenFamily, User
from config.caches import SESSION_STORES

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/server-side-session-stores")]
ALICE = {"email": "alice@example.com", "password": "alice-shows-the-shop"}
#: Whether a login outlives its Redis and its process, and whether it outlives the database's table of sessions.
REMEMBERS = {"cached_db": (True, True), "db": (True, False), "redis": (False, True), "memory": (False, True)}


@pytest.fixture(params=SESSION_STORES)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The settings as SESSION_STORE makes them; clients made from here on use that store."""
    engine, cache = SESSION_STORES[request.param]
    with override_settings(SESSION_ENGINE=engine, SESSION_CACHE_ALIAS=cache):
        yield request.param
    restart()


def restart() -> None:
    """What a new Redis and a new process know."""
    for cache in caches.all(initialized_only=True):
        cache.clear()


def browser() -> Client:
    client = Client()
    assert client.post("/account/log-in/", ALICE).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_every_store_is_in_the_suite() -> None:
    assert set(REMEMBERS) == set(SESSION_STORES)


def test_login_and_logout(store: str, alice: User) -> None:
    client = browser()
    session_id = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert is_in(client)

    client.post("/account/log-out/")

    client.cookies[settings.SESSION_COOKIE_NAME] = session_id
    assert not is_in(client)


def test_person_ends_another_device(store: str, alice: User) -> None:
    here, there = browser(), browser()
    login = TokenFamily.objects.order_by("started_at").last()
    assert login is not None

    here.post(f"/account/devices/{login.pk}/log-out/")

    assert (is_in(here), is_in(there)) == (True, False)


def test_new_login_has_a_new_id(store: str, alice: User) -> None:
    client = browser()
    before = client.cookies[settings.SESSION_COOKIE_NAME].value

    client.post("/account/log-in/", ALICE)

    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert is_in(client)


def test_what_a_store_remembers_after_a_restart_of_redis_and_process(store: str, alice: User) -> None:
    client = browser()

    restart()

    assert is_in(client) == REMEMBERS[store][0]


def test_what_a_store_remembers_without_the_table(store: str, alice: User) -> None:
    client = browser()

    Session.objects.all().delete()

    assert is_in(client) == REMEMBERS[store][1]
