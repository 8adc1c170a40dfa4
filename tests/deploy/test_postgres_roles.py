"""The three roles on a server of their own: the shop sells as the writer, and what each must not do is refused."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import call_command
from django.db import ConnectionHandler, connections
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from pytest_django.plugin import DjangoDbBlocker

from config.audit import check_books
from deploy.embedded import running
from deploy.embedded.binaries import postgres_program
from orders.tasks import CONSUMERS
from tests.factories import person
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered, perform_all

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "postgres" / "roles.sh"
PASSWORDS = {name: f"{name}-of-this-test" for name in ("owner", "writer", "reader")}
SECRET = re.compile(r"password|secret|token|digest|private|code|e_?mail|phone|address|payload|session|^key$|^details$")
Place = SimpleNamespace


def run_script(place: dict[str, str], folder: Path, **passwords: str) -> subprocess.CompletedProcess[str]:
    """As the image runs it: the superuser's name and the database in the environment, the passwords in files."""
    environment = {"PATH": f"{postgres_program('psql').parent}:{os.environ['PATH']}", **place}
    for name, password in passwords.items():
        secret = folder / name
        secret.write_text(f"{password}\n")
        environment[f"SHOP_{name.upper()}_PASSWORD_FILE"] = str(secret)
    return subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Place]:
    """A PostgreSQL with the three roles, migrated by the owner. `image` is what the script is run with."""
    folder = tmp_path_factory.mktemp("roles")
    with running(folder, durable=False) as servers:
        admin = psycopg.conninfo.conninfo_to_dict(servers.admin_url.replace("postgres://", "postgresql://"))
        image = {"PGHOST": admin["host"], "PGPORT": admin["port"], "PGPASSWORD": admin["password"]}
        image |= {"POSTGRES_USER": "postgres", "POSTGRES_DB": "shop"}
        done = run_script(image, folder, **PASSWORDS)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        address = f"{admin['host']}:{admin['port']}/shop"
        urls = {name: f"postgresql://shop_{name}:{password}@{address}" for name, password in PASSWORDS.items()}
        made = Place(url=urls, image=image, folder=folder)
        with django_db_blocker.unblock(), django_as("owner", made):
            call_command("migrate", verbosity=0)
        yield made


@contextmanager
def django_as(role: str, place: Place) -> Iterator[None]:
    """Django's one connection, logged in as a role of that server."""
    before = connections["default"]
    login = psycopg.conninfo.conninfo_to_dict(place.url[role])
    names = {"USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port", "NAME": "dbname"}
    settings = before.settings_dict | {ours: login[theirs] for ours, theirs in names.items()}
    connections["default"] = ConnectionHandler({"default": settings})["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


@contextmanager
def session(place: Place, role: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(place.url[role], autocommit=True)) as open_session:
        yield open_session


@pytest.mark.roadmap("security/least-privilege", "databases/dcl")
def test_shop_sells_as_the_writer_and_its_books_agree(place: Place, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock(), django_as("owner", place):
        call_command("migrate", verbosity=0)  # again, in this test: privileges may be said anew at any time

    with django_db_blocker.unblock(), django_as("writer", place):
        order = ordered(person("alice"), FakeGateway())
        done = perform_all(CONSUMERS)
        findings = check_books(at_rest=False)

    assert order.status == "paid"
    assert "mail.order_confirmation" in done
    assert findings == []


REFUSED_TO_THE_WRITER = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMP TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER TABLE shop_stock DROP CONSTRAINT reserved_is_on_hand",
    "ALTER TABLE orders_orderevent DISABLE TRIGGER ALL",
    "DROP TABLE orders_order",
    "TRUNCATE orders_order CASCADE",
    "UPDATE orders_orderevent SET type = 'OrderPaid'",
    "DELETE FROM shop_stockentry",
    "DELETE FROM accounts_securityevent",
    "DELETE FROM orders_payment",
    "DELETE FROM django_migrations",
    "SET session_replication_role = replica",  # it would switch off every trigger and foreign key
    "COPY orders_order TO PROGRAM 'cat'",
    "SET ROLE shop_owner",
]


@pytest.mark.roadmap("security/least-privilege", "databases/dcl")
@pytest.mark.parametrize("statement", REFUSED_TO_THE_WRITER)
def test_writer_is_refused(place: Place, statement: str) -> None:
    with session(place, "writer") as writer, pytest.raises(InsufficientPrivilege):
        writer.execute(statement)


def test_every_table_with_a_trigger_against_change_is_on_the_list_of_ledgers(place: Place) -> None:
    with session(place, "owner") as owner:
        guarded = owner.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_append_only%' ORDER BY 1"
        ).fetchall()
        changeable = owner.execute(
            "SELECT t::text FROM unnest(%s::regclass[]) t WHERE has_any_column_privilege('shop_writer', t, 'UPDATE') "
            "OR has_table_privilege('shop_writer', t, 'DELETE')",
            [[table for (table,) in guarded]],
        ).fetchall()

    assert len(guarded) >= 3
    assert changeable == []


@pytest.mark.roadmap("databases/dcl")
def test_reader_counts_and_adds_up(place: Place) -> None:
    report = """
        SELECT count(DISTINCT o.id), count(DISTINCT buyer.id), sum(line.line_total), sum(payment.amount)
        FROM orders_order o JOIN orders_orderline line ON line.order_id = o.id
        JOIN orders_payment payment ON payment.order_id = o.id JOIN accounts_user buyer ON buyer.id = o.buyer_id"""

    with session(place, "reader") as reader, session(place, "owner") as owner:
        assert reader.execute(report).fetchall() == owner.execute(report).fetchall()


@pytest.mark.roadmap("security/least-privilege", "databases/dcl")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM accounts_user", "SELECT email FROM accounts_user", "SELECT * FROM accounts_user",
        "SELECT shipping_address FROM orders_order", "SELECT session_key FROM django_session",
        "SELECT private_key FROM accounts_signingkey", "SELECT payload FROM orders_outboxmessage",
        "SELECT * FROM orders_order FOR UPDATE", "SELECT passwd FROM pg_shadow",
    ],
)  # fmt: skip
def test_reader_sees_nothing_secret(place: Place, statement: str) -> None:
    with session(place, "reader") as reader:
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(InsufficientPrivilege):
            reader.execute(statement)


@pytest.mark.roadmap("databases/dcl")
@pytest.mark.parametrize("statement", ["UPDATE shop_stock SET on_hand = 1", "INSERT INTO shop_rating VALUES (1, 1, 1)"])
def test_reader_writes_nothing_not_even_when_it_drops_its_default(place: Place, statement: str) -> None:
    with session(place, "reader") as reader:
        with pytest.raises(ReadOnlySqlTransaction):
            reader.execute(statement)
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(InsufficientPrivilege):
            reader.execute(statement)


def test_no_column_that_the_reader_sees_has_a_name_like_a_secret(place: Place) -> None:
    with session(place, "reader") as reader:
        columns = reader.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges WHERE grantee = 'shop_reader'"
        ).fetchall()

    assert len(columns) > 50
    assert [column for column in columns if SECRET.search(column[1])] == []


@pytest.mark.roadmap("databases/dcl")
def test_new_table_is_open_to_the_writer_and_closed_to_the_reader_until_it_is_granted(place: Place) -> None:
    with session(place, "owner") as owner, session(place, "writer") as writer, session(place, "reader") as reader:
        owner.execute("CREATE TABLE coupon (id bigint GENERATED BY DEFAULT AS IDENTITY, code text)")

        writer.execute("INSERT INTO coupon (code) VALUES ('SPRING')")
        with pytest.raises(InsufficientPrivilege):
            reader.execute("SELECT id FROM coupon")
        owner.execute("GRANT SELECT (id) ON coupon TO shop_reader")
        assert reader.execute("SELECT id FROM coupon").fetchall() == [(1,)]
        owner.execute("REVOKE SELECT (id) ON coupon FROM shop_reader")
        with pytest.raises(InsufficientPrivilege):
            reader.execute("SELECT id FROM coupon")

        owner.execute("DROP TABLE coupon")


def test_script_says_which_password_is_missing_and_changes_nothing(place: Place) -> None:
    done = run_script(place.image, place.folder, owner="another", writer="another")

    assert done.returncode == 1
    assert done.stderr == "roles.sh: SHOP_READER_PASSWORD_FILE or SHOP_READER_PASSWORD must be set.\n"
    with session(place, "owner"):
        pass


def test_password_is_changed_by_running_the_script_again_and_stands_in_no_log(place: Place) -> None:
    log = place.folder / "postgres" / "server.log"
    changed = PASSWORDS | {"reader": 'it\'s "another" \\ one; $HOME'}
    with session(place, "reader") as before:
        assert run_script(place.image, place.folder, **changed).returncode == 0

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(place.url["reader"])
        psycopg.connect(place.url["reader"], password=changed["reader"]).close()
        before.execute("SELECT 1")  # who is in stays in

    assert run_script(place.image, place.folder, **PASSWORDS).returncode == 0
    assert not [password for password in changed.values() if password in log.read_text()]
