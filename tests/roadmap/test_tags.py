"""Tags are found wherever a reader may write one, and nowhere else."""

import pytest

from roadmap.tags import collect, comment_tags, docstring_tags, marker_tags
from roadmap.tree import Module, Tree

EVERYWHERE = '''"""Checkout.

Roadmap: a/module
"""


class Order:
    """An order.

    Roadmap: a/order, b/order,
    c/order
    """

    async def move_to(self):
        """Moves.

        Roadmap: a/move
        """


def place_order():
    """Roadmap is a word here, and `Roadmap: a/b` inside a line is none."""
    # Roadmap: not/a-tag
'''


def test_docstrings_of_modules_classes_and_functions():
    tags = {tag.symbol: tag.ids for tag in docstring_tags(Module("orders/checkout.py", EVERYWHERE))}

    assert tags == {
        "orders.checkout": ("a/module",),
        "orders.checkout.Order": ("a/order", "b/order", "c/order"),
        "orders.checkout.Order.move_to": ("a/move",),
    }


def test_list_that_ends_in_a_comma_and_stops_names_a_topic_that_cannot_exist():
    (tag,) = docstring_tags(Module("orders/checkout.py", '"""Roadmap: a/b,"""'))

    assert tag.ids == ("a/b", "?")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Makefile", "# Roadmap: a/b, c/d"),
        ("deploy/compose.yml", "  # Roadmap: a/b, c/d"),
        ("deploy/stock.proto", "// Roadmap: a/b, c/d"),
        ("deploy/roles.sql", "-- Roadmap: a/b, c/d"),
        ("deploy/site.css", "/* Roadmap: a/b, c/d */"),
        ("shop/templates/mail.html", "{# Roadmap: a/b, c/d #}"),
        ("deploy/logo.svg", "<!-- Roadmap: a/b, c/d -->"),
        ("docs/purchase.md", "<!-- Roadmap: a/b, c/d -->"),
        ("deploy/dashboard.json", '  "$comment": "Roadmap: a/b, c/d",'),
    ],
)
def test_comments_of_every_language(path, line):
    (tag,) = comment_tags(path, f"first\n{line}\nlast\n")

    assert (tag.ids, tag.symbol) == (("a/b", "c/d"), path)


@pytest.mark.parametrize("text", ["# Roadmap: a/b\n", "Write `# Roadmap: a/b`.\n", "    <!-- Roadmap: a/b -->\n"])
def test_prose_that_explains_tags_carries_none(text):
    assert list(comment_tags("docs/guide.md", text)) == []


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ('@pytest.mark.roadmap("a/b")\ndef test_x(): ...', "tests/test_a.py::test_x"),
        ('@pytest.mark.roadmap("a/b")\nclass TestX: ...', "tests/test_a.py::TestX"),
        ('class TestX:\n    @pytest.mark.roadmap("a/b")\n    def test_y(self): ...', "tests/test_a.py::TestX::test_y"),
        ('pytestmark = pytest.mark.roadmap("a/b")', "tests/test_a.py"),
        ('pytestmark = [pytest.mark.serial, pytest.mark.roadmap("a/b")]', "tests/test_a.py"),
    ],
)
def test_markers_on_tests(source, symbol):
    (tag,) = marker_tags(Module("tests/test_a.py", source))

    assert (tag.ids, tag.symbol, tag.is_test) == (("a/b",), symbol, True)


def test_marker_that_is_no_text_names_a_topic_that_cannot_exist():
    (tag,) = marker_tags(Module("tests/test_a.py", "pytestmark = pytest.mark.roadmap(TOPIC)"))

    assert tag.ids == ("TOPIC",)


def test_caches_state_and_pictures_are_not_read(project):
    for path in ("var/settings.yml", "deploy/__pycache__/a.yml", "deploy/node_modules/a.yml", ".venv/a.yml"):
        project.write(path, "# Roadmap: x/y\n")
    (project.root / "deploy/logo.png").write_bytes(b"\x89PNG\n# Roadmap: x/y\n")

    assert "x/y" not in {topic for tag in collect(Tree(project.root)) for topic in tag.ids}
