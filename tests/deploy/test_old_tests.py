"""The previous code's tests on this schema: a column that it misses is found. Two short runs, a minute in all."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from deploy.gates import old_tests

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.serial,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not old_tests.previous(ROOT), reason="needs a clone that knows an older commit"),
]
ONE = ("tests/shop/test_stock.py",)


def rename_a_column(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("ALTER TABLE shop_stock RENAME COLUMN on_hand TO units")


@pytest.mark.roadmap("orm/schema-migrations")
def test_old_tests_pass_on_this_schema_and_fail_on_one_that_the_old_code_cannot_use() -> None:
    commit = old_tests.previous(ROOT)

    assert old_tests.run(commit, tests=ONE) == 0
    assert old_tests.run(commit, tests=ONE, meanwhile=rename_a_column) != 0

    left = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True).stdout
    assert len(left.splitlines()) == 1
