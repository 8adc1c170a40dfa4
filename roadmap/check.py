"""The rules: what must be true of tags, tests, lessons, the list of what is not built yet, and the page.

Each rule is one function that yields one sentence per fault, naming the place; no fault, no output.
The rule that a tagged test really runs the code it proves needs coverage data and stands in `proof.py`.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator

from roadmap import asvs, page
from roadmap.catalogue import read_practice
from roadmap.lesson_rules import lesson_faults
from roadmap.survey import NOT_YET, Survey
from roadmap.tree import Module

MOST_IDS = 4
APPS = ("accounts", "config", "orders", "shop")
UNTAGGABLE = (".md", ".lock", ".typed", "package-lock.json")

Rule = Callable[[Survey], Iterator[str]]


def faults(survey: Survey) -> list[str]:
    return [fault for rule in RULES for fault in rule(survey)]


def unknown_ids(survey: Survey) -> Iterator[str]:
    named = [(tag.symbol, topic) for tag in survey.tags for topic in tag.ids]
    named += [(lesson.path, lesson.topic) for lesson in survey.lessons]
    named += [(NOT_YET, topic) for topic in survey.not_yet]
    if (survey.root / "roadmap/practice.toml").exists():
        named += [(practice.id, topic) for practice in read_practice(survey.root) for topic in practice.topics]
    for place, topic in named:
        if topic not in survey.topics:
            yield f'{place}: unknown topic "{topic}"; the ids stand in roadmap/topics.toml'


def ids_named_twice(survey: Survey) -> Iterator[str]:
    lists = {
        "roadmap/topics.toml": [topic.id for chapter in survey.chapters for topic in chapter.topics],
        "roadmap/lessons": [lesson.topic for lesson in survey.lessons],
        NOT_YET: survey.not_yet,
    }
    for place, topics in lists.items():
        for topic, times in Counter(topics).items():
            if times > 1:
                yield f"{place}: {topic} stands there {times} times"


def too_many_ids(survey: Survey) -> Iterator[str]:
    for tag in survey.tags:
        if len(tag.ids) > MOST_IDS and not tag.is_test:
            yield f"{tag.symbol}: names {len(tag.ids)} topics, at most {MOST_IDS}; keep those it truly shows"


def topics_without_evidence(survey: Survey) -> Iterator[str]:
    for topic in survey.topics.values():
        for evidence in [] if survey.is_waiting(topic) else survey.lacks(topic):
            if evidence != "a lesson":
                yield f"{topic.id}: is of kind {topic.kind}, but there is no {evidence.removeprefix('a ')} for it"


def topics_without_lesson(survey: Survey) -> Iterator[str]:
    for topic in survey.topics.values():
        if not survey.is_waiting(topic) and topic.id not in survey.lesson_of:
            yield f'{topic.id}: has no lesson; write "## {topic.id}" in roadmap/lessons/{topic.chapter}.md'


def untagged_files(survey: Survey) -> Iterator[str]:
    """Every module of the apps and every file of deploy/ shows a topic, or is in the wrong place."""
    tagged = {tag.path for tag in survey.tags}
    modules = {module.path: module for module in survey.tree.modules.values()}
    texts = dict(survey.tree.texts())
    for path in survey.tree.paths:
        if path.endswith(".py"):
            must = path.startswith((*(f"{app}/" for app in APPS), "deploy/")) and not is_marker(modules[path])
        else:
            must = path.startswith("deploy/") and not path.endswith(UNTAGGABLE) and bool(texts.get(path, "").strip())
        if must and path not in tagged:
            yield f"{path}: names no topic of the roadmap; it shows one, is in the wrong place or is not needed"


def is_marker(module: Module) -> bool:
    """Files that Python or Django ask for, packages that only say what they hold, and what is generated."""
    if re.search(r"(^|/)migrations/|/apps\.py$|_pb2(_grpc)?\.py$", module.path):
        return True
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)
    return module.path.endswith("__init__.py") and all(isinstance(node, allowed) for node in module.syntax.body)


def list_that_does_not_shrink(survey: Survey) -> Iterator[str]:
    for topic in survey.topics.values():
        if survey.is_waiting(topic) and survey.is_built(topic):
            yield f"{NOT_YET}: {topic.id} is built; take it off the list and see that it has a lesson"
    for version in survey.earlier:
        for topic_id in survey.not_yet:
            if topic_id not in version.not_yet and f'"{topic_id}"' in version.catalogue:
                yield f"{NOT_YET}: {topic_id} was not on the list in {version.commit}; the list only shrinks"


def stale_page(survey: Survey) -> Iterator[str]:
    path = survey.root / page.PATH
    if not path.exists() or path.read_text("utf-8") != page.render(survey):
        yield f"{page.PATH}: is stale; `make roadmap` writes it anew"
    readme = survey.root / page.README
    if readme.exists() and (text := readme.read_text("utf-8")) != page.in_readme(survey, text):
        yield f"{page.README}: its table is stale; `make roadmap` writes it anew"


def security_requirements(survey: Survey) -> Iterator[str]:
    yield from asvs.faults(survey.tree)


RULES: tuple[Rule, ...] = (
    unknown_ids,
    ids_named_twice,
    too_many_ids,
    topics_without_evidence,
    topics_without_lesson,
    lesson_faults,
    untagged_files,
    list_that_does_not_shrink,
    stale_page,
    security_requirements,
)
