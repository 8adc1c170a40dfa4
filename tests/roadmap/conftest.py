"""A small project in which every rule of the roadmap holds; each test breaks one thing in it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from roadmap import page
from roadmap.check import faults
from roadmap.survey import survey

TOPIC = """
[[topic]]
id = "{id}"
title = "About {id}"
title_ja = "{id}"
kind = "{kind}"
tier = 1
shows = "Whatever {id} shows."
"""
CHAPTER = '[[chapter]]\nid = "{id}"\ntitle = "{id}"\ntitle_ja = "{id}"\ndescription = "About {id}."\n'
KINDS = {
    "trade/stock": "code",
    "trade/servers": "ops",
    "trade/trees": "lab",
    "trade/java": "guide",
    "trade/soon": "code",
}

LESSON = """## {id}

*About {id}*

**What it is.** A thing. It has a second sentence.

**Here.** See `shop.stock.reserve`.

**Why, and what it costs.** Because of a lock.

**Without it.** Two buyers, one desk.

**Try it.** Look:

```sh
echo hello
```
"""
LESSONS = "# Trade\n\n" + "\n".join(LESSON.format(id=topic) for topic in KINDS if topic != "trade/soon")

FILES = {
    "roadmap/topics.toml": CHAPTER.format(id="trade") + "".join(TOPIC.format(id=i, kind=k) for i, k in KINDS.items()),
    "roadmap/not_yet.txt": "# only shrinks\ntrade/soon\n",
    "roadmap/lessons/trade.md": LESSONS,
    "roadmap/lessons/README.md": "## not/a-lesson\n",
    "roadmap/labs/trees.py": '"""Trees.\n\nRoadmap: trade/trees\n"""\n',
    "shop/__init__.py": '"""The shop."""\n',
    "shop/stock.py": 'def reserve():\n    """Reserves.\n\n    Roadmap: trade/stock\n    """\n    return "reserved"\n',
    "deploy/servers.yml": "# Roadmap: trade/servers\nport: 80\n",
    "tests/shop/test_stock.py": '@pytest.mark.roadmap("trade/stock", "trade/servers")\ndef test_reserve(): ...\n',
}


class Project:
    """The small project under `root`; its page is fresh whenever `faults` looks, unless told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text("utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def drop_lesson(self, topic: str) -> None:
        lesson = LESSON.format(id=topic)
        self.replace("roadmap/lessons/trade.md", lesson, "")

    def write_page(self) -> None:
        self.write(page.PATH, page.render(survey(self.root)))

    def faults(self) -> list[str]:
        self.write_page()
        return faults(survey(self.root))

    def git(self, *arguments: str) -> None:
        author = ["-c", "user.name=alice", "-c", "user.email=alice@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(self.root), *author, *arguments], check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", ".")
        self.git("commit", "-m", "A version")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def lesson_with(project: Project) -> Callable[[str, str], list[str]]:
    """Replaces something in the lessons and returns the faults."""

    def change(old: str, new: str) -> list[str]:
        project.replace("roadmap/lessons/trade.md", old, new)
        return project.faults()

    return change
