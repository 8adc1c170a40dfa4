"""A copy of the house with one old bug put back in, and what the named tests say about it.

    *.patch ─► Specimen      copy of the tree + patch ─► pytest in a process of its own ─► which tests failed, and how

The copy's tests run on the very servers of this run, in a database cloned from a template: that takes 0.1 s instead of
the 3 s of all migrations. Only a bug that is put into the migrations gets its database made anew.

Roadmap: testing/integration-tests
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

ZOO = Path(__file__).resolve().parent
ROOT = ZOO.parents[1]
#: What the named tests need; everything else would only make the copy slower.
COPIED = ["accounts", "config", "deploy", "orders", "shop", "tests", "manage.py", "pyproject.toml"]
FIELD = re.compile(r"^([A-Z][a-z ]+): (.+(?:\n  .+)*)$", re.MULTILINE)


class Specimen(NamedTuple):
    """One bug: what it is, who had it, which tests of ours catch it, and words that their failure must say."""

    path: Path
    bug: str
    seen: str
    caught_by: tuple[str, ...]
    says: str

    @property
    def name(self) -> str:
        return self.path.stem


class Verdict(NamedTuple):
    """How one run of some tests ended; of a parametrized test it counts if any of its cases failed."""

    code: int
    failed: set[str]
    output: str


def specimen(path: Path) -> Specimen:
    """Read the header of a patch: `Field: text`, continued by lines that begin with two spaces."""
    header = path.read_text("utf-8").split("\n--- ", 1)[0]
    fields = {name: re.sub(r"\n\s+", " ", text) for name, text in FIELD.findall(header)}
    return Specimen(path, fields["Bug"], fields["Seen in"], tuple(fields["Caught by"].split()), fields["It says"])


def specimens() -> list[Specimen]:
    return [specimen(path) for path in sorted(ZOO.glob("*.patch"))]


def sign() -> str:
    """The table that stands in README.md; `python -m tests.zoo.cage` puts it there."""
    rows = [(f"`{bug.name}`", bug.bug, bug.seen, ", ".join(map(_link, bug.caught_by))) for bug in specimens()]
    head = [("the bug", "what it is", "who had it", "who catches it here"), ("---",) * 4]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*head, *rows])


def copy_house(to: Path) -> Path:
    """Copy what is needed, compiled files included: they hold as long as their source is not patched."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        else:
            shutil.copy2(source, to / name)
    return to


def put_in(bug: Specimen, house: Path) -> None:
    """Apply the patch, whole and without guessing; raise with git's own words when it does not fit."""
    outside = os.environ | {"GIT_CEILING_DIRECTORIES": str(house.parent)}  # a copy inside a work tree is no part of it
    command = ["git", "apply", "--whitespace=nowarn", str(bug.path)]
    done = subprocess.run(command, cwd=house, env=outside, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{bug.path.name} no longer applies. See README.md.\n{done.stderr}")


def ask(house: Path, tests: Sequence[str], database: str, *, anew: bool) -> Verdict:
    """Run the tests in the house and say which failed while they ran or when the auditor looked at the books."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    # Only the plugins that the tests need: the rest takes longer to import than most tests to run.
    environment = inherited | {"DATABASE_URL": _url(database), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    needed = ["pytest_django.plugin", "pytest_socket", "pytest_timeout", "xdist.plugin", "no:cacheprovider"]
    plugins = [option for plugin in needed for option in ("-p", plugin)]
    options = ["-q", "-rfE", "--tb=short", "--reuse-db", *(["--create-db"] if anew else [])]
    command = [sys.executable, "-m", "pytest", *plugins, *options, *tests]
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=500)
    output = done.stdout + done.stderr
    failed = re.findall(r"^FAILED ([^\s\[]+)", output, re.MULTILINE)
    audited = re.findall(r"ERROR at teardown of (\w+)", output)
    errors = re.findall(r"^ERROR ([^\s\[]+)", output, re.MULTILINE)
    failed += [test for test in errors if test.rpartition("::")[2] in audited]
    return Verdict(done.returncode, set(failed), output)


@contextmanager
def cloned(template: str, name: str) -> Iterator[str]:
    """A database of the tests' own, as fresh as the template, gone afterwards."""
    drop(name)
    with _server() as server:
        server.execute(f'CREATE DATABASE "test_{name}" TEMPLATE "test_{template}"')
    try:
        yield name
    finally:
        drop(name)


def drop(name: str) -> None:
    """Drop the database; the autovacuum, which only a superuser may end, is waited for."""
    patient = Retrying(retry=retry_if_exception_type(psycopg.errors.InsufficientPrivilege), wait=wait_fixed(0.5))
    with _server() as server:
        patient.copy(stop=stop_after_delay(20))(server.execute, f'DROP DATABASE IF EXISTS "test_{name}" WITH (FORCE)')


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name}](../{path.removeprefix('tests/')})"


def _server() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(_url("postgres"), autocommit=True)


def _url(database: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))


if __name__ == "__main__":
    readme = ZOO / "README.md"
    text = re.sub(r"\| the bug .*\|\n", lambda _: sign(), readme.read_text("utf-8"), flags=re.DOTALL)
    readme.write_text(text, "utf-8")
