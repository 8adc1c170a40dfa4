"""Lessons, read from `roadmap/lessons/<chapter>.md`; `lessons/README.md` there explains the format to their authors.

    ## commerce/inventory                  one section per topic, under its id
    *Inventory: reservation without …*     the title, as in the catalogue
    **What it is.** …                      the five parts, in this order
    ```sh … ```                            what the reader types; the test suite runs it
    ```text … ```                          optional: what it prints, `…` stands for anything

Reading never fails: whatever is missing is empty, and `check.py` names it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PARTS = ("What it is", "Here", "Why, and what it costs", "Without it", "Try it")
SECTION = re.compile(r"^## (?P<id>\S+)[ \t]*\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
LEAD_IN = re.compile(rf"^\*\*({'|'.join(PARTS)})\.\*\*", re.MULTILINE)
FENCE = re.compile(r"^```(?P<language>\w*)[ \t]*\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(
    r"^```sh[ \t]*\n(?P<sh>.*?)^```[ \t]*$(?:\s*^```text[ \t]*\n(?P<text>.*?)^```[ \t]*$)?", re.MULTILINE | re.DOTALL
)
BACKTICKS = re.compile(r"`([^`\n]+)`")
NEEDS = re.compile(r"^# needs: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TryIt:
    """A shell script of a lesson, the output it promises (or None), and the programs it cannot do without."""

    topic: str
    number: int
    script: str
    expected: str | None

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(name.strip() for line in NEEDS.findall(self.script) for name in line.split(","))


@dataclass(frozen=True)
class Lesson:
    topic: str
    path: str
    title: str
    parts: dict[str, str]
    order: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What stands in backticks in the prose, fenced blocks apart."""
        return [name for part in self.parts.values() for name in BACKTICKS.findall(FENCE.sub("", part))]

    @property
    def words(self) -> int:
        return sum(len(FENCE.sub("", part).split()) for part in self.parts.values())

    @property
    def scripts(self) -> list[TryIt]:
        """The ```sh blocks of the last part, each with the ```text block that directly follows it."""
        found = SCRIPT.finditer(self.parts.get("Try it", ""))
        return [TryIt(self.topic, number, match["sh"], match["text"]) for number, match in enumerate(found, start=1)]


def read_lessons(root: Path) -> list[Lesson]:
    paths = sorted((root / "roadmap/lessons").glob("*.md"))
    return [lesson for path in paths if path.name != "README.md" for lesson in _sections(root, path)]


def _sections(root: Path, path: Path) -> Iterator[Lesson]:
    for section in SECTION.finditer(_without_headings_in_fences(path.read_text("utf-8"))):
        before, *rest = LEAD_IN.split(section["body"])
        parts = {name: text.strip() for name, text in zip(rest[::2], rest[1::2], strict=True)}
        title = before.strip().strip("*")
        yield Lesson(section["id"], path.relative_to(root).as_posix(), title, parts, tuple(rest[::2]))


def _without_headings_in_fences(text: str) -> str:
    """A line `## ...` in a script is a comment of the shell, not the next lesson: it loses one `#`."""
    return FENCE.sub(lambda fence: fence[0].replace("\n##", "\n#"), text)
