"""The catalogue: chapters, topics and practice items as they stand in the TOML files.

It knows titles and kinds and no place in the tree; places come from the tags.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Topic:
    id: str
    title: str
    title_ja: str
    kind: str
    tier: int
    shows: str
    covers: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        return self.id.partition("/")[0]


@dataclass(frozen=True)
class Chapter:
    id: str
    title: str
    title_ja: str
    description: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class Practice:
    """Something to do, or an interview question, and what in this project answers it."""

    id: str
    title: str
    title_ja: str
    kind: str
    answered_by: str
    topics: tuple[str, ...]


def read_chapters(root: Path) -> list[Chapter]:
    """Chapters in reading order, each with its topics in the order of the file."""
    tables = tomllib.loads((root / "roadmap/topics.toml").read_text("utf-8"))
    topics = [Topic(**_frozen(table)) for table in tables.get("topic", [])]
    return [
        Chapter(**table, topics=tuple(topic for topic in topics if topic.chapter == table["id"]))
        for table in tables["chapter"]
    ]


def read_practice(root: Path) -> list[Practice]:
    tables = tomllib.loads((root / "roadmap/practice.toml").read_text("utf-8"))
    return [Practice(**_frozen(table)) for table in tables["practice"]]


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(entry) if isinstance(entry, list) else entry for key, entry in table.items()}
