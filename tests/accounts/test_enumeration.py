"""Nobody learns from an answer whether an address has an account: not by its words, its work or its time.

Time is measured as medians over interleaved rounds, so that a busy machine slows all sides alike. The measure can tell:
a variant that spares the unknown address its hash is told apart by the same figures.
"""

import random
import re
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from config.settings import base
from tests.answers import assert_problem

pytestmark = pytest.mark.django_db
ROUNDS = 15
COST = {"time_cost": 2, "memory_cost": 19_456, "parallelism": 1}  # some 25 ms: well above the noise, well below ours
LETTERS = ["/api/v1/auth/registrations/", "/api/v1/auth/password-resets/"]

Api = Callable[[User | None], APIClient]


@pytest.fixture
def crowd(settings: Any) -> list[str]:
    """Addresses with an account, a fresh one for each round, so that no lock-out by account comes in between."""
    settings.PASSWORD_HASHERS, settings.ARGON2 = base.PASSWORD_HASHERS, COST
    addresses = [f"known-{number}@example.com" for number in range(ROUNDS)]
    password = make_password("known-shows-the-shop")
    User.objects.bulk_create(User(email=email, password=password) for email in addresses)
    return addresses


def medians(*acts: Callable[[int], Any]) -> list[float]:
    """Seconds of each act, called with the number of the round."""
    taken: list[list[float]] = [[] for _ in acts]
    for number in range(ROUNDS):
        for place in random.sample(range(len(acts)), len(acts)):
            began = time.perf_counter()
            acts[place](number)
            taken[place].append(time.perf_counter() - began)
    return [median(times) for times in taken]


def login(client: APIClient, email: str) -> None:
    address = f"192.0.2.{random.randrange(1, 255)}"
    body = {"email": email, "password": "wrong"}
    assert_problem(
        client.post("/api/v1/auth/token/", body, format="json", REMOTE_ADDR=address), 401, "wrong-credentials"
    )


def gap_at_login(client: APIClient, crowd: list[str]) -> tuple[float, float]:
    """How far known and unknown addresses lie apart, and what a hash costs here and now."""
    known, unknown, hashing = medians(
        lambda number: login(client, crowd[number]),
        lambda number: login(client, f"unknown-{number}@example.com"),
        lambda number: make_password("wrong"),
    )
    return abs(known - unknown), hashing


@pytest.mark.roadmap("security/broken-authentication", "auth/user-authentication")
@pytest.mark.asvs("6.3.8")
def test_time_of_a_login_does_not_tell_whether_the_address_is_known(api: Api, crowd: list[str]) -> None:
    gap, hashing = gap_at_login(api(None), crowd)

    assert gap < hashing / 2


def test_login_that_hashes_for_known_addresses_only_is_found_out(
    api: Api, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "set_password", lambda user, password: None)  # so Django hashes for an unknown address

    gap, hashing = gap_at_login(api(None), crowd)

    assert gap > hashing / 2


@pytest.mark.roadmap("auth/user-authentication")
@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("path", LETTERS)
def test_asking_for_a_letter_is_the_same_work_for_every_address(path: str, alice: User, api: Api) -> None:
    asked: set[Any] = set()
    for email in ("alice@example.com", "nobody@example.com"):
        with CaptureQueriesContext(connection) as captured:
            answer = api(None).post(path, {"email": email}, format="json")
        headers = {name: value for name, value in answer.items() if name not in {"X-Request-ID", "RateLimit"}}
        words = [re.sub(r'"s\d+_x\d+"' + r"|'[^']*'", "", query["sql"].split("VALUES")[0]) for query in captured]
        asked.add((answer.status_code, answer.content, str(headers), str(words)))

    assert len(asked) == 1
    assert asked.pop()[0] == 202


@pytest.mark.roadmap("auth/user-authentication")
@pytest.mark.parametrize("path", LETTERS)
def test_time_of_asking_for_a_letter_does_not_tell_either(path: str, api: Api, crowd: list[str]) -> None:
    client = api(None)

    def ask(email: str, number: int) -> None:
        asked = client.post(path, {"email": email}, format="json", REMOTE_ADDR=f"198.51.100.{number}")
        assert asked.status_code == 202

    known, unknown, hashing = medians(
        lambda number: ask(crowd[number], number),
        lambda number: ask(f"unknown-{number}@example.com", number),
        lambda number: make_password("wrong"),
    )

    assert abs(known - unknown) < hashing / 2
