"""Clients made from the document buy in a running shop, and a mistake against the document does not compile."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.clients import generate
from deploy.local.process import ROOT
from deploy.local.stack import Stack

PURCHASE = """\
the cheapest thing: [A-Z][\\w' -]+, [\\d.]+ EUR
in the cart: 1 [A-Z][\\w' -]+
by a bad card: 402 Your bank declined the payment \\(generic decline\\). Your cart is as it was.
by a good card: 201 paid [\\d.]+ EUR
pressed again: the same order: true
the newest of the orders is that one: true
called off: 201 cancelled
an order of nobody: 404 Not found
"""

pytestmark = [pytest.mark.serial, pytest.mark.roadmap("api/openapi-documentation"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The types and the sources beside them. Skips where npm's packages can be had from nowhere."""
    try:
        return generate.typescript_client(tmp_path_factory.mktemp("typescript"))
    except generate.NoRegistry as unreachable:
        pytest.skip(str(unreachable))


def test_python_client_buys(shop_stack: Stack, tmp_path: Path) -> None:
    folder = generate.python_client(tmp_path)
    command = [sys.executable, "-m", "deploy.clients.purchase", shop_stack.url]
    environment = shop_stack.env | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(PURCHASE, done.stdout), done.stdout


def test_typescript_client_compiles_and_buys(shop_stack: Stack, typescript: Path) -> None:
    assert generate.compiled(typescript) == ""

    printed = generate.node(typescript, "purchase.ts", shop_stack.url)

    assert re.fullmatch(PURCHASE, printed), printed


def test_every_mistake_of_a_client_is_an_error_of_the_compiler(typescript: Path) -> None:
    wrong = typescript / "wrong.ts"
    marked = wrong.read_text()
    mistakes = marked.count("@ts-expect-error")
    wrong.write_text(re.sub("// @ts-expect-error.*", "//", marked))

    errors = re.findall(r"^(\S+)\((\d+),\d+\): error", generate.compiled(typescript), re.MULTILINE)

    wrong.write_text(marked)
    assert mistakes == 9
    assert {file for file, _ in errors} == {"wrong.ts"}
    assert len({line for _, line in errors}) == mistakes


def test_lock_file_pins_every_package_by_its_hash_and_names_no_registry() -> None:
    lock = (generate.HERE / "package-lock.json").read_text()

    assert lock.count('"node_modules/') == lock.count('"integrity": "sha512-') > 30
    assert "resolved" not in lock


def test_registry_that_is_away_is_told_from_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))

    with pytest.raises(generate.NoRegistry):
        generate.packages()

    monkeypatch.setattr(generate, "UNREACHABLE", ())
    with pytest.raises(subprocess.CalledProcessError):
        generate.packages()
