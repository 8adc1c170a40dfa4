"""The gate for migrations: ours pass, and each kind that would stop a selling shop is refused by name."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from deploy.gates import migrations as gate
from deploy.gates.migrations import Script, faults

ROOT = Path(__file__).resolve().parents[2]

BROKEN = [
    ('CREATE INDEX "slow" ON "orders_order" ("status");', "require-concurrent-index-creation"),
    ('ALTER TABLE "orders_order" RENAME COLUMN "total" TO "sum";', "renaming-column"),
    ('ALTER TABLE "orders_order" DROP COLUMN "total" CASCADE;', "ban-drop-column"),
    ('DROP TABLE "orders_cart" CASCADE;', "ban-drop-table"),
    ('ALTER TABLE "orders_order" ALTER COLUMN "total" TYPE numeric(20, 2);', "changing-column-type"),
    ('ALTER TABLE "orders_order" ADD COLUMN "gift" boolean NOT NULL;', "adding-required-field"),
    ('ALTER TABLE "orders_order" ALTER COLUMN "status" SET NOT NULL;', "adding-not-nullable-field"),
]


def test_no_migration_of_ours_stops_the_shop() -> None:
    passed = subprocess.run([sys.executable, "-m", "deploy.gates.migrations"], capture_output=True, text=True, cwd=ROOT)

    assert (passed.returncode, passed.stdout, passed.stderr) == (0, "", "")


@pytest.mark.roadmap("orm/schema-migrations")
@pytest.mark.parametrize(("sql", "rule"), BROKEN)
def test_broken_migration_is_refused(sql: str, rule: str) -> None:
    assert rule in {fault.rule for fault in faults([Script("orders", "9999_broken", sql)])}


@pytest.mark.django_db
def test_field_that_django_fills_only_in_new_code_is_refused() -> None:
    """The old code does not name the new column, and Django takes the default out of the database again."""
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    operation = migrations.AddField("order", "gift", models.BooleanField(default=False))
    operation.state_forwards("orders", after)
    with connection.schema_editor(collect_sql=True) as editor:
        operation.database_forwards("orders", editor, before, after)

    found = faults([Script("orders", "9999_broken", "\n".join(editor.collected_sql))])

    assert [fault.rule for fault in found] == ["ban-drop-default"]


def test_index_built_beside_the_sales_passes() -> None:
    sql = 'CREATE INDEX CONCURRENTLY "quick" ON "orders_order" ("status");'

    assert faults([Script("orders", "9999_sound", sql, atomic=False)]) == []


def test_exception_that_is_not_needed_any_more_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gate.KNOWN, ("orders", "9999_sound"), ({"renaming-column"}, "once upon a time"))

    assert [fault.message for fault in faults([Script("orders", "9999_sound", "SELECT 1;")])] == [
        "not needed in KNOWN: once upon a time"
    ]


def test_script_that_squawk_cannot_read_is_a_fault() -> None:
    assert faults([Script("orders", "9999_broken", "ALTER TABEL orders_order;")]) != []
