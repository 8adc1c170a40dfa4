"""The walls stand, and each of them can fall: a small house that breaks one rule is refused by exactly that rule."""

from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).resolve().parent.parent

PACKAGE = '"""Orders.\n\nIt may import the shop.\n\nStart reading at checkout.py.\n"""\n'
SOUND = {f"{app}/__init__.py": PACKAGE for app in house.APPS}


def many(count: int, line: str = "    total += 1\n") -> str:
    return "def sum_up(total):\n" + line * count


BROKEN = [
    ("long_modules", "orders/cart.py", "x = 1\n" * 301),
    ("long_functions", "orders/cart.py", many(40)),
    ("long_functions", "orders/views.py", many(12)),
    ("long_functions", "orders/views/cart.py", many(12)),
    ("long_functions", "tests/orders/test_cart.py", many(20).replace("sum_up", "test_sum")),
    ("module_names", "orders/utils.py", ""),
    ("module_names", "shop/helpers/prices.py", ""),
    ("class_names", "orders/cart.py", "class CartManager: ..."),
    ("class_names", "orders/cart.py", "class Cart:\n    class PriceHelper: ..."),
    ("function_names", "orders/cart.py", "def process_cart(): ..."),
    ("function_names", "orders/cart.py", "class Cart:\n    def data(self): ..."),
    ("local_imports", "orders/cart.py", "def price():\n    import decimal"),
    ("local_imports", "orders/cart.py", "class Cart:\n    def price(self):\n        from shop import stock"),
    ("package_docstrings", "orders/__init__.py", '"""Orders."""'),
    ("top_level", "notes.txt", ""),
]

ALLOWED = [
    ("orders/migrations/0001_initial.py", "x = 1\n" * 301),
    ("orders/cart.py", many(39)),
    ("orders/cart.py", many(30) + "    # why\n\n" * 30),
    ("orders/views.py", many(11)),
    ("config/settings/base.py", "DEBUG = False"),
    ("config/middleware.py", "class Problems:\n    def process_exception(self, request, exception): ..."),
    ("orders/management/commands/relay.py", "class Command:\n    def handle(self): ..."),
    ("orders/apps.py", "class Orders:\n    def ready(self):\n        from orders import checks"),
    (".editorconfig", ""),
]


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("wall", house.WALLS, ids=lambda wall: wall.__name__)
@pytest.mark.roadmap("workflow/static-analysis")
def test_this_house_stands(wall):
    if faults := list(wall(ROOT)):
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.mark.parametrize(("wall", "path", "text"), BROKEN)
def test_house_that_breaks_one_rule_is_refused_by_that_rule(tmp_path, wall, path, text):
    root = build(tmp_path, SOUND | {path: text})

    assert [rule.__name__ for rule in house.WALLS if list(rule(root))] == [wall]


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_the_house_needs_is_allowed(tmp_path, path, text):
    root = build(tmp_path, SOUND | {path: text})

    assert [fault for rule in house.WALLS for fault in rule(root)] == []


def test_folder_holds_sixteen_modules_besides_those_that_every_app_has(tmp_path):
    known = {f"orders/{name}.py": "" for name in house.IN_EVERY_APP}
    root = build(tmp_path, SOUND | known | {f"orders/activity_{number}.py": "" for number in range(16)})

    assert list(house.full_folders(root)) == []

    build(root, {"orders/one_more.py": ""})

    assert list(house.full_folders(root)) == ["orders/: 17 modules on one level, the wall is 16"]


def test_fault_names_the_place_and_the_wall(tmp_path):
    root = build(tmp_path, SOUND | {"orders/cart.py": many(40)})

    assert list(house.long_functions(root)) == ["orders/cart.py: sum_up has 41 lines of code, the wall is 40"]
