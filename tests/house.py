"""The walls of the house, each a function that reads the tree under `root` and names what stands outside them.

    wall                    limit                                       apart from
    module                  300 lines                                   migrations
    function                40 lines of code, a test or view 20 or 12   comments, blank lines and docstrings
    folder                  16 modules                                  tests; the names that every app has
    names                   no layers, no Managers, no handle_          hooks that Django calls by name
    imports                 at the top of a module                      apps.py, where Django asks for it; manage.py

A reader opens a file because of its name: a name such as `utils` cannot say no, so everything ends up in it.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDERS = ("accounts", "config", "deploy", "orders", "roadmap", "shop", "tests")
APPS = ("accounts", "config", "orders", "shop")
TOP_LEVEL = {
    *FOLDERS, "docs", "var", "__pycache__", "manage.py", "pyproject.toml", "requirements.lock", "Makefile", "Procfile",
    "Dockerfile", "docker-compose.yml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE",
}  # fmt: skip
MODULE_LINES, FUNCTION_LINES, TEST_LINES, VIEW_LINES, FOLDER_MODULES, LEAST_PACKAGE_DOCSTRING = 300, 40, 20, 12, 16, 4
BANNED_MODULES = {"utils", "util", "helpers", "helper", "common", "base", "constants", "services", "misc", "managers"}
BANNED_CLASS = re.compile(r"(Manager|Helper|Util|Utils|Processor|Service)$")
BANNED_FUNCTION = re.compile(r"(handle_|process_|do_)\w+$|(data|info|obj)$")
DJANGO_HOOKS = {
    "do_logout",  # of the OAuth library
    "handle_starttag",  # of html.parser
    "process_request",
    "process_response",
    "process_view",
    "process_exception",
    "process_template_response",
    "do_GET",
    "do_POST",
}
IN_EVERY_APP = {
    "admin", "apps", "errors", "filters", "models", "permissions", "schema", "serializers", "tasks", "urls", "views",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Every Python file of ours with its path from the root; migrations are written by Django."""
    for path in sorted([*root.glob("*.py"), *(file for folder in FOLDERS for file in (root / folder).rglob("*.py"))]):
        name = path.relative_to(root).as_posix()
        if "/migrations/" not in name and not re.search(r"/(\.|node_modules)", name):
            yield name, path


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(syntax(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def long_modules(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MODULE_LINES:
            yield f"{name}: {lines} lines, the wall is {MODULE_LINES}; which two things does it do?"


def long_functions(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        code = lines_of_code(path)
        for function in functions(path):
            lines, wall = len(code & _span(function)), _wall(name, function)
            if lines > wall:
                yield f"{name}: {function.name} has {lines} lines of code, the wall is {wall}"


def _wall(name: str, function: Function) -> int:
    if name.startswith("tests/") and function.name.startswith("test_"):
        return TEST_LINES
    return VIEW_LINES if re.search(r"(^|/)views(/\w+)?\.py$", name) else FUNCTION_LINES


def lines_of_code(path: Path) -> set[int]:
    """Lines that hold more than a comment or a docstring: why-comments and promises never make a function too long."""
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in layout]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return lines - {line for node in ast.walk(syntax(path)) for line in _docstring(node)}


def _docstring(node: ast.AST) -> set[int]:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    return _span(node.body[0]) if ast.get_docstring(node) is not None else set()


def _span(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def full_folders(root: Path) -> Iterator[str]:
    count: dict[str, int] = {}
    for name, path in modules(root):
        folder = name.rpartition("/")[0]
        is_known = path.stem in IN_EVERY_APP and folder in APPS
        if folder and not folder.startswith("tests") and not is_known and path.stem != "__init__":
            count[folder] = count.get(folder, 0) + 1
    for folder, files in count.items():
        if files > FOLDER_MODULES:
            yield f"{folder}/: {files} modules on one level, the wall is {FOLDER_MODULES}"


def module_names(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        folders = name.split("/")[:-1]
        if name != "config/settings/base.py" and BANNED_MODULES & {path.stem, *folders}:
            yield f"{name}: is named after a layer; name it after what a shopkeeper does"


def class_names(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.ClassDef) and BANNED_CLASS.search(node.name):
                yield f"{name}: class {node.name} does not say what it is"


def function_names(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        for function in functions(path):
            if BANNED_FUNCTION.match(function.name) and function.name not in DJANGO_HOOKS:
                yield f"{name}: {function.name} does not say what it does"


def local_imports(root: Path) -> Iterator[str]:
    for name, path in modules(root):
        if name != "manage.py" and path.name != "apps.py":
            for function in functions(path):
                if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function)):
                    yield f"{name}: {function.name} imports inside the function; a cycle means a misplaced rule"


def package_docstrings(root: Path) -> Iterator[str]:
    for app in APPS:
        path = root / app / "__init__.py"
        docstring = ast.get_docstring(syntax(path)) if path.exists() else None
        if len((docstring or "").splitlines()) < LEAST_PACKAGE_DOCSTRING:
            yield f"{app}/__init__.py: says what lives there, what it may import, and where to start reading"


def top_level(root: Path) -> Iterator[str]:
    for path in sorted(root.iterdir()):
        if not path.name.startswith(".") and path.name not in TOP_LEVEL:
            yield f"{path.name}: does not belong on the top level"


WALLS = (
    long_modules,
    long_functions,
    full_folders,
    module_names,
    class_names,
    function_names,
    local_imports,
    package_docstrings,
    top_level,
)
