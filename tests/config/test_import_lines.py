"""One deployable unit whose apps stay apart: the contracts of `pyproject.toml` hold, and would notice a breach."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "orders", "shop", "accounts")
#: What `orders` may know of the catalogue: its rules and rows, the shape of its answers, money, its pages, its admin.
DOORS = {
    "shop.stock",
    "shop.switches",
    "shop.bodies",
    "shop.reviews",
    "shop.images",
    "shop.ledger",
    "shop.models",
    "shop.money.amounts",
    "shop.money.shapes",
    "shop.money.tax_classes",
    "shop.money.units",
    "shop.errors",
    "shop.pages",
    "shop.spreadsheets",
    "shop.admin",
    "shop.schema",
    "shop.schema.catalogue",
    "shop.schema.guards",
    "shop.schema.loading",
    "shop.schema.reviews",
    "shop.serializers",
}
BREACHES = [
    ("shop/stock.py", "from orders.models import Order", "A straight line of imports BROKEN"),
    ("orders/checkout.py", "from rest_framework import status", "Core knows no transport BROKEN"),
]


def lint_imports(folder: Path) -> str:
    """What import-linter says of the apps in a folder; its exit code must agree."""
    program = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True)
    assert (answer.returncode == 0) == ("BROKEN" not in answer.stdout), answer.stdout + answer.stderr
    return answer.stdout


@pytest.mark.roadmap("architecture/modular-monolith", "architecture/n-tier")
@pytest.mark.parametrize(("path", "line", "complaint"), BREACHES)
def test_contracts_hold_until_somebody_breaks_one(tmp_path: Path, path: str, line: str, complaint: str) -> None:
    for app in APPS:
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert "2 kept, 0 broken" in lint_imports(tmp_path)

    (tmp_path / path).write_text(f"{(tmp_path / path).read_text('utf-8')}\n{line}\n", "utf-8")

    assert complaint in lint_imports(tmp_path)


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a file imports from elsewhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.roadmap("architecture/modular-monolith")
def test_orders_knows_the_catalogue_by_its_doors_alone() -> None:
    files = [path for path in (ROOT / "orders").rglob("*.py") if "migrations" not in path.parts]

    known = {(module, name) for path in files for module, name in imports(path) if module.split(".")[0] == "shop"}

    through = {f"{module}.{name}" if module == "shop" else module for module, name in known}
    assert through == DOORS
    assert not [name for _, name in known if name.startswith("_")]
