"""This very tree keeps the rules of the roadmap: tags, tests, lessons, the list of what is not built, and the page.

`tests/roadmap/` shows that each of the rules can fail.
"""

from pathlib import Path

import pytest

from roadmap.catalogue import read_chapters, read_practice
from roadmap.check import RULES
from roadmap.page import anchor
from roadmap.survey import Survey, survey

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def this_tree() -> Survey:
    return survey(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.roadmap("workflow/documentation")
def test_this_tree_keeps(this_tree, rule):
    if faults := list(rule(this_tree)):
        pytest.fail("\n".join(faults), pytrace=False)


def test_every_topic_belongs_to_a_chapter_and_has_a_known_kind(this_tree):
    chapters = read_chapters(ROOT)

    assert {topic.kind for topic in this_tree.topics.values()} == {"code", "ops", "lab", "guide"}
    assert {topic.chapter for topic in this_tree.topics.values()} == {chapter.id for chapter in chapters}
    assert len(this_tree.topics) >= 356


def test_no_two_lessons_have_the_same_anchor(this_tree):
    assert len({anchor(topic) for topic in this_tree.topics}) == len(this_tree.topics)


def test_practice_items_are_unique():
    practice = [item.id for item in read_practice(ROOT)]

    assert len(set(practice)) == len(practice) == 45
