"""Fifty guesses in the same moment get no more tries than fifty one after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from accounts import lockout
from accounts.errors import TooManyAttempts, WrongCredentials
from accounts.models import Attempts
from accounts.security_events import Origin


def at_once(count: int, guess: Callable[[], object]) -> None:
    ready = threading.Barrier(count)

    def one(_: int) -> None:
        ready.wait()
        try:
            guess()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))


heard: list[str] = []


def guarded() -> None:
    here: Any = {"owner": None, "origin": Origin("198.51.100.7")}
    with suppress(TooManyAttempts, WrongCredentials), lockout.attempt("password", "alice@example.com", **here):
        heard.append("guess")
        raise WrongCredentials


def looked_at_first() -> None:
    """The negative control, as libraries do it: is it locked? Then look at the password, then count."""
    locked = Attempts.objects.filter(key="alice", locked_until__gt=timezone.now()).exists()
    if not locked:
        heard.append("guess")
        hashers.PBKDF2PasswordHasher().encode("guess", "salt", 50_000)
        with suppress(TooManyAttempts):
            lockout._take({"alice": lockout.PAIR}, timezone.now())


@pytest.mark.roadmap("security/broken-authentication")
@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(("guess", "most"), [(guarded, 5), (looked_at_first, None)])
def test_fifty_guesses_at_once_are_five(transactional_db: None, guess: Callable[[], None], most: int | None) -> None:
    heard.clear()

    at_once(20, guess)
    at_once(20, guess)
    at_once(10, guess)

    assert len(heard) == 5 if most else len(heard) > 5


def neighbour_who_gets_no_processor(began: threading.Event, go_on: threading.Event, held: bool) -> None:
    """Has counted its try and now waits for its turn, as sixteen do that hash at once."""

    def starved(execute: Any, sql: Any, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if "accounts_attempts" in sql:
            began.set()
            go_on.wait(10)
        return answer

    try:
        with transaction.atomic() if held else nullcontext(), connection.execute_wrapper(starved):
            lockout._take({"network": lockout.NETWORK, "pair": lockout.PAIR}, timezone.now())
    finally:
        connections.close_all()


@pytest.mark.parametrize("held", [False, True], ids=["", "control"])
def test_caller_who_waits_for_the_processor_holds_up_no_neighbour(transactional_db: None, held: bool) -> None:
    began, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        starving = pool.submit(neighbour_who_gets_no_processor, began, go_on, held)
        assert began.wait(10)
        try:
            with pytest.raises(OperationalError, match="lock timeout") if held else nullcontext():
                lockout._take({"network": lockout.NETWORK, "other pair": lockout.PAIR}, timezone.now())
        finally:
            go_on.set()
        starving.result()
