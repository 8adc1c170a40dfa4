"""SQL that is put together from strings does not pass the linter, so it never gets as far as a review."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUFF = [str(Path(sys.executable).with_name("ruff")), "check", "--stdin-filename", "shop/reports.py", "-"]
TOGETHER = (
    'def find(cursor: object, words: str) -> None:\n    cursor.execute(f"SELECT id FROM shop_product WHERE {words}")\n'
)
BOUND = (
    'def find(cursor: object, words: str) -> None:\n    cursor.execute("SELECT id FROM x WHERE name = %s", [words])\n'
)


@pytest.mark.roadmap("security/sql-injection")
@pytest.mark.parametrize(("source", "is_refused"), [(TOGETHER, True), (BOUND, False)])
def test_linter_refuses_sql_put_together_from_strings(source: str, is_refused: bool) -> None:
    answer = subprocess.run(RUFF, input=source, cwd=ROOT, capture_output=True, text=True)

    assert ("S608" in answer.stdout) is is_refused, answer.stdout
