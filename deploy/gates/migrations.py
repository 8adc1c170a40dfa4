"""`python -m deploy.gates.migrations`: no migration may stop the shop that sells while it runs.

    each migration ─► the SQL that Django would send ─► squawk ─► what is left when KNOWN is taken away ─► exit 1

For some minutes the old code runs on the new schema, and every statement waits behind a lock that a migration holds.
So squawk refuses what locks a table while it is read through, and what the old code would trip over: a column renamed,
dropped, or required without a default. A migration in Python has no SQL to show: those are for the review.

Roadmap: orm/schema-migrations
"""

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import django
import psycopg
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from deploy.embedded.binaries import POSTGRES_MAJOR

APPS = ("accounts", "shop", "orders")
#: Rules that say nothing about locks here.
LEFT_OUT = {
    "prefer-text-field": "Django keeps lengths; to make one longer only changes the catalogue",
    "prefer-bigint-over-int": "a quantity is no key: a model chooses the width of its numbers",
    "prefer-bigint-over-smallint": "as above",
    "require-lock-timeout": "every session of ours has one: DATABASES in config/settings/base.py",
    "require-statement-timeout": "as above; `manage.py migrate` takes it off, so that an index may take its time",
    "prefer-robust-stmts": "IF NOT EXISTS takes the invalid index of a failed CONCURRENTLY for a good one",
}
#: What is let through, and why. A rule that finds nothing any more is named as well, so the list only shrinks.
KNOWN: dict[tuple[str, str], tuple[set[str], str]] = {
    ("shop", "0001_initial"): (
        {"adding-required-field", "adding-foreign-key-constraint"},
        "the table was made a statement before and has no rows",
    ),
    ("shop", "0005_one_index_is_enough"): (
        {
            "adding-foreign-key-constraint",
            "ban-drop-constraint",
            "constraint-missing-not-valid",
            "require-concurrent-index-deletion",
        },
        "its tables were made in the same week; 0008 does the same to a ledger, and without the lock",
    ),
    ("shop", "0010_prices"): (
        {"adding-field-with-default"},
        "the default is the constant '{}' in brackets: PostgreSQL notes it down and rewrites nothing",
    ),
    ("orders", "0008_prices"): (
        {"adding-foreign-key-constraint"},
        "the column comes with it and is empty, so PostgreSQL reads no row; the coupons are a new table",
    ),
    ("accounts", "0004_logins"): (
        {"ban-drop-not-null", "constraint-missing-not-valid"},
        "ran before anybody had a database to keep; the table held logins of minutes",
    ),
}


class Fault(NamedTuple):
    """What a migration may not do, or a line of KNOWN that is not needed."""

    migration: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.rule}: {self.message}"


class Script(NamedTuple):
    """The SQL of one migration; `atomic`: all in one transaction, as Django does unless told otherwise."""

    app: str
    name: str
    sql: str
    atomic: bool = True


def scripts() -> Iterator[Script]:
    """Every migration of ours, each applied after it is told: what Django sends depends on what it finds in the tables.

    Needs an empty database.
    """
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state([])
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        if migration.app_label in APPS:
            sql = "\n".join(executor.loader.collect_sql([(migration, False)]))
            yield Script(migration.app_label, migration.name, sql, bool(migration.atomic))
        state = executor.apply_migration(state, migration)


def faults(given: list[Script]) -> list[Fault]:
    """What squawk finds in them apart from KNOWN, and what KNOWN says in vain about them."""
    found: dict[tuple[str, str], dict[str, str]] = {(script.app, script.name): {} for script in given}
    for atomic in (True, False):
        for app, name, rule, message in squawk([script for script in given if script.atomic is atomic], atomic):
            found[app, name].setdefault(rule, message)
    answer = []
    for migration, rules in found.items():
        known, reason = KNOWN.get(migration, (set(), ""))
        answer += [Fault("/".join(migration), rule, rules[rule]) for rule in sorted(rules.keys() - known)]
        answer += [Fault("/".join(migration), rule, f"not needed in KNOWN: {reason}") for rule in known - rules.keys()]
    return answer


def squawk(given: list[Script], atomic: bool) -> Iterator[tuple[str, str, str, str]]:
    """App, migration, rule and message of every finding."""
    command = ["squawk", "--reporter", "json", "--pg-version", POSTGRES_MAJOR, f"--exclude={','.join(LEFT_OUT)}"]
    command += ["--assume-in-transaction"] if atomic else []
    with tempfile.TemporaryDirectory() as folder:
        files = {str(Path(folder, f"{script.app}.{script.name}.sql")): script for script in given}
        for path, script in files.items():
            Path(path).write_text(script.sql, "utf-8")
        if files:
            done = subprocess.run([*command, *files], capture_output=True, text=True)
            for finding in _read(done):
                script = files[finding["file"]]
                yield script.app, script.name, finding["rule_name"], finding["message"]


def _read(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """A squawk that cannot read a script or an option must not look like one that found nothing."""
    try:
        findings: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"squawk failed ({done.returncode}):\n{done.stdout}{done.stderr}") from None
    return findings


@contextmanager
def empty_database() -> Iterator[None]:
    """Have Django's connection, not yet used, mean a new database beside the one that the environment names."""
    server, name = connection.settings_dict, f"gate_{secrets.token_hex(4)}"
    login = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "password": server["PASSWORD"]}
    with psycopg.connect(**login, dbname=server["NAME"], autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
        try:
            server["NAME"] = name
            yield
        finally:
            session.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    django.setup()
    with empty_database():
        found = faults(list(scripts()))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
