"""What the check holds an author of a lesson to."""

import pytest

from roadmap.lesson import PARTS

PLACE = "roadmap/lessons/trade.md: trade/java: "
HERE = "**Here.** See `shop.stock.reserve`."


@pytest.fixture
def java_with(project):
    """Changes the lesson trade/java alone and returns the faults."""

    def change(old, new):
        before, heading, lesson = (
            (project.root / "roadmap/lessons/trade.md").read_text("utf-8").partition("## trade/java")
        )
        assert old in lesson
        project.write("roadmap/lessons/trade.md", before + heading + lesson.replace(old, new))
        return project.faults()

    return change


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_to_be_there(java_with, part):
    assert f'{PLACE}the part "**{part}.**" is missing or empty' in java_with(f"**{part}.**", "")


def test_parts_stand_in_their_order(java_with):
    faults = java_with("**Without it.** Two buyers, one desk.\n\n**Try it.**", "**Try it.** Look.\n\n**Without it.**")

    assert any(fault.startswith(f"{PLACE}each part stands there once, in this order") for fault in faults)


def test_title_is_that_of_the_catalogue(java_with):
    assert java_with("*About trade/java*", "*About coffee*") == [
        f'{PLACE}the line under the heading must be "*About trade/java*"',
    ]


def test_lesson_stands_in_the_file_of_its_chapter(project):
    (project.root / "roadmap/lessons/trade.md").rename(project.root / "roadmap/lessons/commerce.md")

    faults = project.faults()

    assert "roadmap/lessons/commerce.md: trade/java: belongs into roadmap/lessons/trade.md" in faults
    assert len(faults) == 4


def test_lesson_that_stands_twice_is_refused(lesson_with):
    assert "roadmap/lessons: trade/java stands there 2 times" in lesson_with("## trade/trees", "## trade/java")


def test_lesson_is_short(java_with):
    assert java_with("Because of a lock.", "word " * 351) == [f"{PLACE}has 365 words, at most 350"]


def test_lesson_has_something_to_try(java_with):
    assert java_with("```sh", "```text") == [f"{PLACE}the part Try it has no ```sh block"]


def test_lesson_about_no_place_of_this_shop_is_refused(java_with):
    assert java_with(HERE, "**Here.** See `django.db.transaction.atomic` and `/api/v1/orders/`.") == [
        f"{PLACE}the part Here names no symbol or file of this shop",
    ]


@pytest.mark.parametrize(
    "name", ["shop.stock.resrve", "shop/stok.py", "tests/shop/test_stock.py::test_gone", "shop.gone"]
)
def test_name_that_does_not_exist_is_refused(java_with, name):
    assert java_with(HERE, f"{HERE} And `{name}`.") == [f"{PLACE}`{name}` does not exist in the tree"]


@pytest.mark.parametrize(
    "name", ["tests/shop/test_stock.py::test_reserve", "shop/", "var", "application/json", "lock()", "a.b"]
)
def test_other_names_are_left_alone(java_with, name):
    assert java_with(HERE, f"{HERE} And `{name}`.") == []


def test_names_in_blocks_are_left_alone(java_with):
    assert java_with("echo hello", "echo `shop.gone`\n## shop.gone") == []
