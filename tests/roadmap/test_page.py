"""The page links every topic to its code, its tests and its lesson; the command writes it, checks it, runs a lesson."""

import pytest

from roadmap import page
from roadmap.__main__ import main


@pytest.fixture
def readme(project):
    """Writes the page by the command, as `make roadmap` does, and returns its text."""

    def write() -> str:
        assert main(["--write"], project.root) == 0
        return (project.root / page.PATH).read_text("utf-8")

    return write


def test_row_of_a_built_topic(readme):
    assert (
        "| About trade/stock<br>trade/stock | code | [`shop.stock.reserve`](../shop/stock.py) "
        "| [`test_reserve`](../tests/shop/test_stock.py) | [lesson](lessons/trade.md#tradestock) |\n"
    ) in readme()


def test_guide_has_no_code(readme):
    assert "| About trade/java<br>trade/java | guide | – | – | [lesson](lessons/trade.md#tradejava) |" in readme()


def test_topics_not_built_are_listed_in_one_line(readme):
    text = readme()

    assert "Not built yet (1): About trade/soon (code)\n" in text
    assert "Built: 4 of 5 topics." in text


def test_readme_says_how_many_topics_are_built(project, readme):
    project.write("README.md", "\n\n".join(["By hand.", *page.MARKS]))

    readme()

    text = (project.root / "README.md").read_text("utf-8")
    assert text.startswith(
        f"By hand.\n\n{page.MARKS[0]}\n\nBuilt: 4 of 5 topics.\n\n| Chapter | Built | In Japanese |\n"
    )


def test_many_tests_of_one_topic_are_counted(project, readme):
    tests = [f'@pytest.mark.roadmap("trade/stock")\ndef test_{number}(): ...\n' for number in range(5)]
    project.write("tests/shop/test_more.py", "\n\n".join(tests))

    assert "<br>and 3 more |" in readme()


def test_no_link_points_at_nothing(project, readme):
    targets = {part.partition(")")[0].partition("#")[0] for part in readme().split("](")[1:]}

    assert [target for target in targets if not (project.root / "roadmap" / target).exists()] == []


def test_check_passes_after_write_and_fails_before(project, capsys):
    assert main(["--check"], project.root) == 1
    assert main(["--write", "--check"], project.root) == 0

    printed = capsys.readouterr()

    assert printed.err == "roadmap/README.md: is stale; `make roadmap` writes it anew\n"
    assert printed.out.splitlines() == [
        "roadmap: 4 of 5 topics built, 1 faults",
        "roadmap: 4 of 5 topics built, 0 faults",
    ]


def test_lesson_can_be_tried_by_hand(project, capfd):
    assert main(["--try", "trade/java"], project.root) == 0
    assert capfd.readouterr().out == "echo hello\n\nhello\n"


def test_lesson_that_is_not_there_cannot_be_tried(project, capsys):
    assert main(["--try", "trade/soon"], project.root) == 1
    assert capsys.readouterr().err.startswith("There is no lesson trade/soon; there are: trade/java, trade/servers")
