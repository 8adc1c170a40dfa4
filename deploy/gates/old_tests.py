"""`python -m deploy.gates.old_tests [COMMIT]`: the tests of the previous code, on the schema of this one.

    COMMIT's files in a folder of their own ─► a database that OUR migrations have made ─► COMMIT's tests on it

While a release is rolled out, the old processes sell on the new schema; what they trip over, these tests trip over.
COMMIT is what main and this branch have in common, else the commit before. Tables that are only new do no harm.

Roadmap: orm/schema-migrations, deployment/ci-cd-pipeline
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.embedded import running
from deploy.local.process import ROOT

#: The purchase and what it rests on: together some seconds.
TESTS = (
    "tests/orders/test_checkout.py",
    "tests/orders/test_cart.py",
    "tests/orders/test_settlement.py",
    "tests/orders/test_outbox.py",
    "tests/shop/test_stock.py",
)


def previous(root: Path = ROOT) -> str:
    """The commit to compare with: where this branch left main, or the one before when this is main."""
    head, base = (_git(root, *question) for question in (("rev-parse", "HEAD"), ("merge-base", "HEAD", "origin/main")))
    return base if base and base != head else _git(root, "rev-parse", "HEAD~1")


def run(commit: str, *, tests: tuple[str, ...] = TESTS, meanwhile: Callable[[str], None] = lambda url: None) -> int:
    """The exit code of the old tests. `meanwhile` is called with the database's address before they begin."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _files_of(commit, Path(folder, "old")) as old,
        running(Path(folder, "servers"), durable=False) as servers,
    ):
        # pytest-django calls its database test_<name>, and --reuse-db takes one that is there already.
        url = servers.database_url.removesuffix("/shop") + "/test_shop"
        with psycopg.connect(servers.database_url, autocommit=True) as session:
            session.execute("CREATE DATABASE test_shop")
        ours = os.environ | servers.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.base"}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=ours | {"DATABASE_URL": url}, check=True)
        meanwhile(url)
        # Nothing of ours may lead their tests here.
        theirs = {name: value for name, value in ours.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))}
        command = [sys.executable, "-m", "pytest", "-q", "--reuse-db", "-p", "no:randomly"]
        return subprocess.run([*command, *_there(old, tests)], cwd=old, env=theirs).returncode


@contextmanager
def _files_of(commit: str, folder: Path) -> Iterator[Path]:
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, commit], cwd=ROOT, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)


def _there(old: Path, tests: tuple[str, ...]) -> list[str]:
    found = [test for test in tests if (old / test).exists()]
    if not found:
        raise SystemExit(f"The old code has none of {', '.join(tests)}.")
    return found


def _git(root: Path, *question: str) -> str:
    return subprocess.run(["git", *question], cwd=root, capture_output=True, text=True).stdout.strip()


def main(arguments: list[str]) -> int:
    commit = arguments[0] if arguments else previous()
    if not commit:
        print("There is no older commit here: a shallow clone knows only its last.", file=sys.stderr)
        return 2
    print(f"The tests of {commit[:12]}, on the schema of this code:", flush=True)
    return run(commit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
