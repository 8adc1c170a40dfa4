"""Does a test that claims a topic really run the code that shows it? Asks the coverage data of the whole suite.

    pytest --cov --cov-context=test     every covered line knows the tests that ran it (also under xdist)
    python -m roadmap --coverage .coverage

For a topic of kind `code`, one of its tagged tests must have run at least one line inside one of its tagged
symbols. Lines that run on import (signatures, class bodies) prove nothing, since any other test may have imported them;
only where a tagged symbol holds no function but `__str__` - a model's constraints, a table of settings - it is enough
that it was loaded: tag the class that declares, not its module. What stands in tests/ is part of the suite that has
just run, and is not measured; nor can templates and other files be, so a topic that only those show rests on its test.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path

from coverage import CoverageData

from roadmap.survey import Survey
from roadmap.tags import FUNCTIONS, Definition, Tag, definitions


class Evidence:
    """The coverage data, by path from the root of the project."""

    def __init__(self, root: Path, file: Path) -> None:
        self.root = root
        self.data = CoverageData(str(file))
        self.data.read()

    @cached_property
    def measured(self) -> dict[str, str]:
        """Path from the root → the name under which the data knows the file."""
        names = {(self.root / name).resolve(): name for name in self.data.measured_files()}
        root = self.root.resolve()
        return {path.relative_to(root).as_posix(): name for path, name in names.items() if path.is_relative_to(root)}

    def lines(self, path: str, tests: list[Tag]) -> set[int]:
        """Lines of a file that ran in one of these tests: in its body, its set-up or its tear-down."""
        self.data.set_query_contexts([rf"^{re.escape(tag.symbol)}(\[|\||@|::|$)" for tag in tests])
        return set(self.data.lines(self.measured[path]) or []) if path in self.measured else set()


def unproved(survey: Survey, file: Path) -> Iterator[str]:
    if not file.exists():
        yield f"{file}: does not exist; run the suite with --cov --cov-context=test first"
        return
    evidence = Evidence(survey.root, file)
    with closing(evidence.data):
        if any(evidence.data.measured_contexts()):
            yield from _topics_not_run(survey, evidence)
        else:
            yield f"{file}: knows no tests by name; run the suite with --cov-context=test"


def _topics_not_run(survey: Survey, evidence: Evidence) -> Iterator[str]:
    for topic in survey.topics.values():
        places = [place for place in survey.places(topic.id) if place.path.endswith(".py")]
        tests = survey.tests(topic.id)
        is_checked = topic.kind == "code" and places and tests
        if is_checked and not any(_runs(survey, evidence, place, tests) for place in places):
            yield f"{topic.id}: no tagged test runs a line of {_names(places)}; tagged are {_names(tests)}"


def _runs(survey: Survey, evidence: Evidence, place: Tag, tests: list[Tag]) -> bool:
    if place.path.startswith("tests/"):
        return True
    node = _definition(survey, place)
    if node is None:
        return False
    lines = inner_lines(node)
    return bool(lines & evidence.lines(place.path, tests)) if lines else place.path in evidence.measured


def _definition(survey: Survey, place: Tag) -> Definition | None:
    for module in survey.tree.modules.values():
        if module.path == place.path:
            qualname = place.symbol.removeprefix(module.name).lstrip(".")
            return dict(definitions(module.syntax)).get(qualname)
    return None


def inner_lines(node: Definition) -> set[int]:
    """Lines in the bodies of the functions of a symbol: those that run only when somebody calls it."""
    every = [child for _, child in definitions(node) if isinstance(child, FUNCTIONS)]
    functions = [function for function in every if function.name not in ("__str__", "__repr__")]
    return {line for function in functions for statement in _body(function) for line in _span(statement)}


def _body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


def _span(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def _names(tags: list[Tag]) -> str:
    return ", ".join(tag.symbol for tag in tags)
