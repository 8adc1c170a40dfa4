"""The project's own files, read as text and parsed once.

Only files that a reader meets are listed: caches, virtual environments, `var/` and hidden folders are left
out (`.github` and `.ci` are read). A Python file that does not parse is an error here and nowhere later.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDERS = ("accounts", "config", "deploy", "docs", "orders", "roadmap", "shop", "tests", ".ci", ".github")
SKIPPED = {"__pycache__", "node_modules", "staticfiles"}


@dataclass(frozen=True)
class Module:
    """One Python file: `orders/checkout.py` is the module `orders.checkout`."""

    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")


class Tree:
    """All files of the project, by path from its root with forward slashes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def paths(self) -> list[str]:
        top = [path for path in self.root.iterdir() if path.is_file()]
        below = [path for folder in FOLDERS for path in _walk(self.root / folder)]
        return sorted(path.relative_to(self.root).as_posix() for path in top + below)

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every Python file, by its dotted name."""
        modules = [Module(path, self._text(path)) for path in self.paths if path.endswith(".py")]
        return {module.name: module for module in modules}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of every other file; files that are no text are left out."""
        for path in self.paths:
            if not path.endswith(".py"):
                try:
                    yield path, self._text(path)
                except UnicodeDecodeError:
                    continue

    def _text(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix != ".pyc":
            yield path
