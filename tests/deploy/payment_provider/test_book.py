"""The book stays whole: under 32 clients, under a second writer, and when the provider is killed in mid-charge."""

import json
import os
import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from deploy.payment_provider.book import Book
from deploy.payment_provider.tables import Intent
from tests.deploy.payment_provider.neighbour import Neighbour, eventually

pytestmark = pytest.mark.roadmap("databases/sqlite", "orm/sqlalchemy")


@pytest.fixture
def connection(provider):
    with closing(sqlite3.connect(provider.folder / "book.sqlite3", isolation_level=None)) as connection:
        yield connection


def sums_agree(ledger):
    return all(
        entry["amount_refunded"] == sum(refund["amount"] for refund in entry["refunds"])
        and entry["amount_refunded"] <= entry["amount_captured"] <= entry["amount"]
        for entry in ledger
    )


def at_once(ask, number=32):
    with ThreadPoolExecutor(number) as clients:
        return Counter(answer.status_code for answer in clients.map(ask, range(number)))


def race_for_the_money(provider):
    """32 captures against cancellations, then 32 refunds of an eighth each."""
    held = provider.hold().json()["id"]
    steps = at_once(lambda n: provider.post(f"payment_intents/{held}/{'capture' if n % 2 else 'cancel'}"))
    taken = provider.hold(capture_method="automatic").json()["id"]
    refunds = at_once(lambda n: provider.post("refunds", payment_intent=taken, amount=4200 // 8))
    return steps, refunds


def test_one_of_32_settles_a_hold_and_eight_eighths_are_refunded(provider):
    steps, refunds = race_for_the_money(provider)

    assert (steps, refunds) == ({200: 1, 400: 31}, {200: 8, 400: 24})
    assert sums_agree(provider.ledger())


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="DATABASE_URL names no PostgreSQL server")
def test_book_may_stand_on_postgresql(tmp_path):
    name = f"provider_{uuid4().hex[:8]}"
    server = httpx.URL(os.environ["DATABASE_URL"])
    with psycopg.connect(str(server), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        provider = Neighbour(tmp_path, PROVIDER_DATABASE_URL=str(server.copy_with(path=f"/{name}"))).start()
        try:
            assert race_for_the_money(provider) == ({200: 1, 400: 31}, {200: 8, 400: 24})
            assert at_once(lambda n: provider.hold(key="one"))[200] >= 1
            assert (len(provider.ledger()), sums_agree(provider.ledger())) == (3, True)
        finally:
            provider.stop()
            provider.http.close()
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(
    "lie", [{"amount_captured": 4201}, {"amount_refunded": 1}, {"amount": 0}, {"amount_captured": 1}]
)
def test_tables_refuse_money_out_of_nothing(tmp_path, lie):
    book = Book(f"sqlite:///{tmp_path / 'book.sqlite3'}")
    card = {"currency": "eur", "capture_method": "manual", "notes": {}, "created": 0}
    book.commit(lambda session: session.add(Intent(id="pi_1", amount=4200, status="requires_capture", **card)))

    with pytest.raises(IntegrityError):
        book.commit(lambda session: session.execute(update(Intent).values(**lie)))
    book.close()


def test_readers_read_while_a_writer_writes(provider, connection):
    provider.hold()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM attempts")

    assert len(provider.ledger()) == 1
    connection.execute("ROLLBACK")


def test_charge_waits_for_a_foreign_writer_and_then_succeeds(provider, connection):
    connection.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(4) as clients:
        charges = [clients.submit(provider.hold) for _ in range(4)]
        threading.Event().wait(0.5)
        assert not any(charge.done() for charge in charges)

        connection.execute("COMMIT")

    assert [charge.result().status_code for charge in charges] == [200] * 4


def kill_in_mid_charge(provider, killed_after):
    """Four clients charge, and note what they were told, until the provider is killed under them."""
    told: dict[str, str] = {}

    def shop_on(client):
        for n in range(1000):
            try:
                told[f"{client}-{n}"] = provider.hold(key=f"{client}-{n}").json()["id"]
            except httpx.TransportError:
                return

    with ThreadPoolExecutor(4) as clients:
        runs = [clients.submit(shop_on, client) for client in range(4)]
        eventually(lambda: len(told) >= killed_after)
        provider.stop(signal.SIGKILL)
    assert all(run.result() is None for run in runs)
    return told


def test_killed_provider_remembers_all_that_it_said_and_tells_the_rest(own_provider, listener):
    told = kill_in_mid_charge(own_provider, killed_after=30)
    own_provider.start()
    again = {key: own_provider.hold(key=key).json()["id"] for key in told}

    assert again == told
    ledger = own_provider.ledger()
    assert set(told.values()) <= {entry["id"] for entry in ledger}
    assert sums_agree(ledger)
    eventually(lambda: own_provider.http.get("/_health").json()["webhooks_waiting"] == 0)
    heard = {json.loads(heard.body)["data"]["object"]["id"] for heard in list(listener.heard)}
    assert heard == {entry["id"] for entry in ledger}
