"""Does a name in a lesson still exist? Resolves dotted names, tests and paths by reading, without importing.

It follows `from x import y` inside the project, and refuses whatever it cannot see written down: an attribute that
is inherited or set at run time does not resolve, so a lesson names the place where it is defined.

Roadmap: workflow/documentation
"""

import ast
from collections.abc import Iterator

from roadmap.tags import FUNCTIONS
from roadmap.tree import FOLDERS, Module, Tree

PACKAGES = tuple(folder for folder in FOLDERS if folder.isidentifier() and folder != "docs")


def is_ours(name: str) -> bool:
    """`orders.checkout.place_order` is ours, `django.db.transaction.atomic` is not."""
    head, dot, rest = name.partition(".")
    return head in PACKAGES and bool(dot) and all(part.isidentifier() for part in rest.split("."))


def exists(tree: Tree, name: str) -> bool:
    """Whether `name` is a module, or a class, function, method, attribute or constant written in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = tree.modules.get(".".join(parts[:length]))
        if module:
            return _has(tree, module, module.syntax.body, parts[length:])
    return (tree.root / name.replace(".", "/")).is_dir()


def path_exists(tree: Tree, path: str) -> bool:
    """Whether a file or folder stands there; `tests/a.py::test_b` also needs the test."""
    path, _, test = path.partition("::")
    if not test:
        return (tree.root / path).exists()
    module = next((module for module in tree.modules.values() if module.path == path), None)
    return module is not None and _has(tree, module, module.syntax.body, test.split("::"))


def _has(tree: Tree, module: Module, body: list[ast.stmt], parts: list[str]) -> bool:
    if not parts:
        return True
    for statement in _flat(body):
        if isinstance(statement, ast.ImportFrom) and (source := _imported(module, statement, parts[0])):
            return len(parts) == 1 or exists(tree, ".".join([source, *parts[1:]]))
        if isinstance(statement, ast.ClassDef) and statement.name == parts[0]:
            return _has(tree, module, statement.body, parts[1:])
        if parts[0] in _bound(statement):
            return len(parts) == 1
    return False


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a body and of the `if`, `try` and `with` blocks in it."""
    for statement in body:
        yield statement
        for field in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(statement, (ast.ClassDef, *FUNCTIONS)):
                yield from _flat(getattr(statement, field, []))


def _imported(module: Module, statement: ast.ImportFrom, name: str) -> str:
    """The full name under which an imported name is defined; empty when this statement does not bring it."""
    for alias in statement.names:
        if (alias.asname or alias.name) == name:
            package = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
            above = package[: len(package) - statement.level + 1] if statement.level else []
            return ".".join([*above, *filter(None, [statement.module]), alias.name])
    return ""


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, FUNCTIONS):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        return {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return {statement.target.id}
    return set()
