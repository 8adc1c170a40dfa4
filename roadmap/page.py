"""Writes `roadmap/README.md`: chapter by chapter, what is shown where, which test proves it, which lesson tells it.

It links symbols to files, never to line numbers, which are wrong after the next commit.
"""

from collections.abc import Iterator

from roadmap.catalogue import Chapter, Topic
from roadmap.survey import Survey
from roadmap.tags import Tag

PATH = "roadmap/README.md"
README = "README.md"
MARKS = ("<!-- roadmap: written by `make roadmap` -->", "<!-- /roadmap -->")
MOST_TESTS = 3

INTRODUCTION = """\
<!-- Written by `python -m roadmap --write` from the tags in the code. Do not edit: the next run overwrites it. -->

# The roadmap

A backend developer's roadmap, told by one shop: in each chapter what is built, then what is not built yet. A **code**
topic is shown by running code and proved by a test that runs it; **ops** by a file that a test validates or a process
that is really started; **lab** by a small experiment you can run; **guide** is a comparison with what plays the same
part here.
The lesson of a topic tells what it is, how this shop does it and why, and ends with commands to try.
"""


def render(survey: Survey) -> str:
    blocks = [INTRODUCTION, f"{_count(survey)}\n", _contents(survey)]
    blocks += [_chapter(survey, chapter) for chapter in survey.chapters]
    return "\n".join(blocks)


def in_readme(survey: Survey, text: str) -> str:
    """The README with its table of chapters brought up to date, between the two marks; without them, as it is."""
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return f"{before}{mark}\n\n{_count(survey)}\n\n{_contents(survey, PATH)}\n{end}{after}" if mark and end else text


def _count(survey: Survey) -> str:
    built = [topic for topic in survey.topics.values() if not survey.is_waiting(topic)]
    return f"Built: {len(built)} of {len(survey.topics)} topics."


def _contents(survey: Survey, page: str = "") -> str:
    lines = ["| Chapter | Built | In Japanese |", "|---|---|---|"]
    for chapter in survey.chapters:
        built = [topic for topic in chapter.topics if not survey.is_waiting(topic)]
        lines.append(
            f"| [{chapter.title}]({page}#{chapter.id}) | {len(built)} of {len(chapter.topics)} | {chapter.title_ja} |"
        )
    return "\n".join([*lines, ""])


def _chapter(survey: Survey, chapter: Chapter) -> str:
    built = [topic for topic in chapter.topics if not survey.is_waiting(topic)]
    waiting = [topic for topic in chapter.topics if survey.is_waiting(topic)]
    lines = [f'<a id="{chapter.id}"></a>\n\n## {chapter.title}\n', f"{chapter.description}\n"]
    if built:
        lines += ["| Topic | Kind | Shown in | Proved by | Lesson |", "|---|---|---|---|---|"]
        lines += [_row(survey, topic) for topic in built] + [""]
    if waiting:
        titles = " · ".join(f"{topic.title} ({topic.kind})" for topic in waiting)
        lines.append(f"Not built yet ({len(waiting)}): {titles}\n")
    return "\n".join(lines)


def _row(survey: Survey, topic: Topic) -> str:
    places = "<br>".join(_link(tag.symbol, tag.path) for tag in survey.places(topic.id))
    tests = "<br>".join(_tests(survey.tests(topic.id)))
    cells = [f"{topic.title}<br>{topic.title_ja}", topic.kind, places or "–", tests or "–", _lesson(survey, topic)]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _tests(tags: list[Tag]) -> Iterator[str]:
    for tag in tags[:MOST_TESTS]:
        yield _link(tag.symbol.partition("::")[2].replace("::", ".") or tag.path, tag.path)
    if len(tags) > MOST_TESTS:
        yield f"and {len(tags) - MOST_TESTS} more"


def _lesson(survey: Survey, topic: Topic) -> str:
    lesson = survey.lesson_of.get(topic.id)
    return f"[lesson]({lesson.path.removeprefix('roadmap/')}#{anchor(topic.id)})" if lesson else "–"


def anchor(topic: str) -> str:
    """The fragment that GitHub makes of the heading `## commerce/inventory`: punctuation falls away."""
    return topic.replace("/", "")


def _link(text: str, path: str) -> str:
    return f"[`{text}`](../{path})"
