"""The schema file is what the code says, and no change of it breaks a client unnoticed."""

import subprocess
from pathlib import Path

import pytest
from graphql import build_schema, find_breaking_changes

from config.graphql.schema import schema

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "docs" / "api" / "schema.graphql"
#: Changes that were meant, by their description; they go when the next one is made.
MEANT: set[str] = set()
pytestmark = pytest.mark.roadmap("api/graphql-schema-and-resolvers")


def test_checked_in_schema_is_what_the_code_says() -> None:
    assert WRITTEN.read_text() == f"{schema}\n", "`make schema` writes it anew"


def breaking(old: str, new: str) -> set[str]:
    return {change.description for change in find_breaking_changes(build_schema(old), build_schema(new))}


def test_no_client_of_the_last_version_is_broken() -> None:
    now = WRITTEN.read_text()
    shown = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-2", "--format=%H", "--", str(WRITTEN)], stdout=subprocess.PIPE
    )
    for commit in shown.stdout.decode().split():
        before = subprocess.run(
            ["git", "-C", str(ROOT), "show", f"{commit}:./docs/api/schema.graphql"], stdout=subprocess.PIPE
        )
        assert breaking(before.stdout.decode(), now) <= MEANT


@pytest.mark.parametrize(
    ("old", "new"),
    [("  email: String!\n", ""), ("maxPrice: Decimal\n", "maxPrice: Decimal!\n"), ("  PENDING\n", "")],
    ids=["field gone", "argument required", "value gone"],
)
def test_change_that_would_break_a_client_is_found(old: str, new: str) -> None:
    now = WRITTEN.read_text()

    assert old in now
    assert breaking(now, now.replace(old, new, 1))
