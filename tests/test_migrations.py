"""Every change of a table is a committed file: none is missing, all apply to an empty database, and all lead back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from deploy.local import check

ROOT = Path(__file__).resolve().parent.parent
LEFT = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^(accounts|shop|orders)_' AND schemaname = 'public'"
TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%'"
#: One process for the whole way: starting Django costs more than migrating.
TO_AND_FRO = f"""
from django.core.management import call_command
from django.db import connection
for app, target in [(None, None), ("orders", "zero"), ("shop", "zero"), ("accounts", "zero"), (None, None)]:
    call_command("migrate", *filter(None, [app, target]), verbosity=0)
    with connection.cursor() as cursor:
        print(*[cursor.execute(sql).fetchone()[0] for sql in ({LEFT!r}, {TRIGGERS!r})])
"""


@pytest.fixture
def empty_database() -> Iterator[dict[str, str]]:
    """The environment of a process that finds a database with nothing in it, on the server of this run."""
    server = settings.DATABASES["default"]
    place = f"{server['USER']}:{server['PASSWORD']}@{server['HOST']}:{server['PORT']}"
    name = f"migrations_{uuid4().hex[:8]}"
    with psycopg.connect(f"postgres://{place}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield os.environ | {"DATABASE_URL": f"postgres://{place}/{name}", "DATABASE_POOL_SIZE": "0"}
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.roadmap("orm/schema-migrations")
def test_all_migrations_apply_to_an_empty_database_and_lead_back(empty_database: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", TO_AND_FRO]

    answer = subprocess.run(command, cwd=ROOT, env=empty_database, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr
    there, without_orders, without_shop, back, again = (
        tuple(map(int, line.split())) for line in answer.stdout.splitlines()
    )
    assert there == again
    assert there > without_orders > without_shop > back == (0, 0)


@pytest.mark.roadmap("orm/schema-migrations")
def test_no_migration_is_missing(empty_database: dict[str, str]) -> None:
    assert check.passes(check.STEPS["migrations"].replace("python", sys.executable, 1), empty_database)
