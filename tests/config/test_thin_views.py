"""Views stay thin: they check the shape, call one function, answer. None of them writes a row itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VIEWS = sorted(
    path.relative_to(ROOT)
    for app in ("accounts", "config", "orders", "shop")
    for path in [*ROOT.glob(f"{app}/views.py"), *ROOT.glob(f"{app}/views/*.py"), *ROOT.glob(f"{app}/health.py")]
)
WRITES = {
    "save", "delete", "create", "update", "get_or_create", "update_or_create", "bulk_create", "bulk_update",
    "select_for_update", "atomic", "on_commit",
}  # fmt: skip


def writes(source: str) -> list[str]:
    """Every call in the source that the ORM writes with, by line."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(call.lineno, call.func.attr) for call in calls if isinstance(call.func, ast.Attribute)]
    return [f"line {line}: .{name}()" for line, name in sorted(names) if name in WRITES]


@pytest.mark.roadmap("frameworks/request-handlers", "architecture/n-tier")
@pytest.mark.parametrize("path", VIEWS, ids=str)
def test_view_writes_nothing_itself(path: Path) -> None:
    assert writes((ROOT / path).read_text("utf-8")) == []


@pytest.mark.parametrize("line", ["order.save()", "CartLine.objects.filter(pk=1).delete()", "with atomic.atomic(): x"])
def test_view_that_did_would_be_found(line: str) -> None:
    assert len(writes(line)) == 1


@pytest.mark.parametrize("line", ["cart.remove(line)", "refunds.request_refund(order_id=1)", "orders.filter(pk=1)"])
def test_what_views_are_for_is_allowed(line: str) -> None:
    assert writes(line) == []
