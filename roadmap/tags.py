"""Where the code names a topic: tags in docstrings, in comments of other files and on tests.

    last lines of a docstring         Roadmap: commerce/inventory, databases/row-locks
    a comment of any other file       # Roadmap: deployment/docker      (or // -- ; /* <!-- {#)
    a line of a JSON file             "$comment": "Roadmap: observability/dashboards"
    a decorator or `pytestmark`       @pytest.mark.roadmap("commerce/inventory")

Nothing is judged here: an id that exists nowhere is collected as it stands, and `check.py` names it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from roadmap.tree import Module, Tree

Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMMENT = re.compile(
    r"""^\s*(?:\#|//|--|;|/\*|<!--|\{\#|"[^"]*"\s*:\s*")\s*Roadmap:(?P<ids>[^"#*>}]*?)"""
    r"""(?:",?|\#\}|\*/|-->)?\s*$""",
    re.MULTILINE,
)
MARKDOWN_COMMENT = re.compile(r"^<!--\s*Roadmap:(?P<ids>[^>]*?)-->\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Tag:
    """One place that names topics. `symbol` is `orders.checkout.place_order`, a test's `path::name`, or a path."""

    ids: tuple[str, ...]
    path: str
    symbol: str
    is_test: bool = False


def collect(tree: Tree) -> list[Tag]:
    tags = [tag for module in tree.modules.values() for tag in [*docstring_tags(module), *marker_tags(module)]]
    tags += [tag for path, text in tree.texts() for tag in comment_tags(path, text)]
    return sorted(tags, key=lambda tag: (tag.path, tag.symbol))


def docstring_tags(module: Module) -> Iterator[Tag]:
    for qualname, node in definitions(module.syntax):
        for ids in _ids_of_docstring(ast.get_docstring(node) or ""):
            yield Tag(ids, module.path, ".".join(filter(None, [module.name, qualname])))


def definitions(node: Definition, qualname: str = "") -> Iterator[tuple[str, Definition]]:
    """The module itself under an empty name, then its classes and functions, however deep."""
    yield qualname, node
    for child in node.body:
        if isinstance(child, (ast.ClassDef, *FUNCTIONS)):
            yield from definitions(child, f"{qualname}.{child.name}".lstrip("."))


def _ids_of_docstring(docstring: str) -> Iterator[tuple[str, ...]]:
    """A list of ids that ends in a comma goes on in the next line."""
    lines = iter(docstring.splitlines())
    for line in lines:
        if line.startswith("Roadmap:"):
            ids = line.removeprefix("Roadmap:").strip()
            while ids.endswith(","):
                ids += next(lines, "").strip() or "?"
            yield split_ids(ids)


def split_ids(ids: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in ids.split(","))


def marker_tags(module: Module, marker: str = "roadmap") -> Iterator[Tag]:
    """Markers on test functions and classes, and `pytestmark` of a module or class (then without a test's name).

    `marker="asvs"` collects those that name requirements of security instead of topics.
    """
    if not module.is_test:
        return
    for qualname, node in definitions(module.syntax):
        decorators = [] if isinstance(node, ast.Module) else node.decorator_list
        marks = [mark for expression in [*decorators, *_pytestmark(node)] for mark in _marks(expression, marker)]
        for mark in marks:
            ids = tuple(_literal(argument) for argument in mark.args)
            yield Tag(ids, module.path, "::".join([module.path, *filter(None, qualname.split("."))]), is_test=True)


def _pytestmark(node: Definition) -> list[ast.expr]:
    if isinstance(node, FUNCTIONS):
        return []
    return [
        child.value
        for child in node.body
        if isinstance(child, ast.Assign) and any(ast.unparse(name) == "pytestmark" for name in child.targets)
    ]


def _marks(expression: ast.expr, marker: str) -> Iterator[ast.Call]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(f"mark.{marker}"):
            yield node


def _literal(argument: ast.expr) -> str:
    return str(argument.value) if isinstance(argument, ast.Constant) else ast.unparse(argument)


def comment_tags(path: str, text: str) -> Iterator[Tag]:
    pattern = MARKDOWN_COMMENT if path.endswith(".md") else COMMENT
    for match in pattern.finditer(text):
        yield Tag(split_ids(match["ids"].strip()), path, path)
