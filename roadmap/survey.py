"""Everything the checks and the page need to know about the project, read once.

A topic is *built* when the evidence of its kind stands in the tree:

    code, ops    a tag in code or in a file, and a tagged test
    lab          a tag in code or in a file, and a lesson
    guide        a lesson

Whatever is built needs a lesson too, and must not stand in `not_yet.txt`.
"""

import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from roadmap.catalogue import Chapter, Topic, read_chapters
from roadmap.lesson import Lesson, read_lessons
from roadmap.tags import Tag, collect
from roadmap.tree import Tree

NOT_YET = "roadmap/not_yet.txt"


@dataclass(repr=False)
class Survey:
    root: Path
    tree: Tree
    chapters: list[Chapter]
    tags: list[Tag]
    lessons: list[Lesson]
    not_yet: list[str]
    earlier: list["Earlier"] = field(default_factory=list)

    @cached_property
    def topics(self) -> dict[str, Topic]:
        return {topic.id: topic for chapter in self.chapters for topic in chapter.topics}

    @cached_property
    def lesson_of(self) -> dict[str, Lesson]:
        return {lesson.topic: lesson for lesson in self.lessons}

    def places(self, topic: str) -> list[Tag]:
        return [tag for tag in self.tags if topic in tag.ids and not tag.is_test]

    def tests(self, topic: str) -> list[Tag]:
        return [tag for tag in self.tags if topic in tag.ids and tag.is_test]

    def is_waiting(self, topic: Topic) -> bool:
        return topic.id in self.not_yet

    def is_built(self, topic: Topic) -> bool:
        return not self.lacks(topic)

    def lacks(self, topic: Topic) -> list[str]:
        """Which evidence of its kind a topic does not have, in words."""
        found = {
            "tagged code" if topic.kind == "code" else "a tagged file": bool(self.places(topic.id)),
            "a tagged test": bool(self.tests(topic.id)),
            "a lesson": topic.id in self.lesson_of,
        }
        place, test, lesson = found
        needed = {"code": [place, test], "ops": [place, test], "lab": [place, lesson], "guide": [lesson]}
        return [evidence for evidence in needed[topic.kind] if not found[evidence]]


@dataclass(frozen=True)
class Earlier:
    """What git remembers of one earlier version: the list as it was, and which topics there were."""

    commit: str
    not_yet: frozenset[str]
    catalogue: str


def survey(root: Path) -> Survey:
    tree = Tree(root)
    waiting = (root / NOT_YET).read_text("utf-8")
    return Survey(root, tree, read_chapters(root), collect(tree), read_lessons(root), ids(waiting), earlier(root))


def ids(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def earlier(root: Path, versions: int = 2) -> list[Earlier]:
    """The last committed versions of the list; none outside a git repository, or without git."""
    commits = _git(root, "log", f"-{versions}", "--format=%H", "--", NOT_YET).split()
    return [
        Earlier(commit[:9], frozenset(ids(_git(root, "show", f"{commit}:./{NOT_YET}"))), _catalogue(root, commit))
        for commit in commits
    ]


def _catalogue(root: Path, commit: str) -> str:
    return _git(root, "show", f"{commit}:./roadmap/topics.toml")


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
