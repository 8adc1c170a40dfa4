"""The rules of a lesson: complete, short, about this shop, and naming only what exists."""

from collections.abc import Callable, Iterator

from roadmap.lesson import BACKTICKS, FENCE, PARTS, Lesson
from roadmap.survey import Survey
from roadmap.symbols import exists, is_ours, path_exists
from roadmap.tree import FOLDERS, Tree

MOST_WORDS = 350


def lesson_faults(survey: Survey) -> Iterator[str]:
    for lesson in survey.lessons:
        if lesson.topic in survey.topics:
            for rule in RULES:
                for fault in rule(survey, lesson):
                    yield f"{lesson.path}: {lesson.topic}: {fault}"


def wrong_head(survey: Survey, lesson: Lesson) -> Iterator[str]:
    topic = survey.topics[lesson.topic]
    if lesson.path != f"roadmap/lessons/{topic.chapter}.md":
        yield f"belongs into roadmap/lessons/{topic.chapter}.md"
    if lesson.title != topic.title:
        yield f'the line under the heading must be "*{topic.title}*"'


def wrong_parts(survey: Survey, lesson: Lesson) -> Iterator[str]:
    for part in PARTS:
        if not lesson.parts.get(part):
            yield f'the part "**{part}.**" is missing or empty'
    if sorted(lesson.order, key=PARTS.index) != list(lesson.order) or len(set(lesson.order)) != len(lesson.order):
        yield f"each part stands there once, in this order: {', '.join(PARTS)}"


def wrong_length(survey: Survey, lesson: Lesson) -> Iterator[str]:
    if lesson.words > MOST_WORDS:
        yield f"has {lesson.words} words, at most {MOST_WORDS}"


def nothing_to_try(survey: Survey, lesson: Lesson) -> Iterator[str]:
    if lesson.parts.get("Try it") and not lesson.scripts:
        yield "the part Try it has no ```sh block"


def nothing_of_ours(survey: Survey, lesson: Lesson) -> Iterator[str]:
    """A lesson that names no place of this shop could stand in any textbook."""
    names = BACKTICKS.findall(FENCE.sub("", lesson.parts.get("Here", "")))
    if not any(is_ours(name) or _is_path(name) for name in names):
        yield "the part Here names no symbol or file of this shop"


def names_of_nothing(survey: Survey, lesson: Lesson) -> Iterator[str]:
    for name in dict.fromkeys(lesson.names):
        if not _resolves(survey.tree, name.removesuffix("()")):
            yield f"`{name}` does not exist in the tree"


def _resolves(tree: Tree, name: str) -> bool:
    if is_ours(name):
        return exists(tree, name)
    return path_exists(tree, name) if _is_path(name) else True


def _is_path(name: str) -> bool:
    """Paths from the root of the project; `/api/v1/` and `application/json` are none."""
    return "/" in name and " " not in name and name.partition("/")[0] in FOLDERS


RULES: tuple[Callable[[Survey, Lesson], Iterator[str]], ...] = (
    wrong_head,
    wrong_parts,
    wrong_length,
    nothing_to_try,
    nothing_of_ours,
    names_of_nothing,
)
