"""Every rule of the check fires on a small project that breaks it, and only on that."""

import pytest

from roadmap.check import faults
from roadmap.survey import survey

TEST = "tests/shop/test_stock.py"
KINDS = {"trade/stock": "code", "trade/servers": "ops", "trade/trees": "lab"}


def test_sound_project_has_no_faults(project):
    assert project.faults() == []


def test_unknown_topic_in_a_docstring_is_named_with_its_symbol(project):
    project.replace("shop/stock.py", "trade/stock", "trade/stock, trade/stok")

    assert project.faults() == [
        'shop.stock.reserve: unknown topic "trade/stok"; the ids stand in roadmap/topics.toml',
    ]


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        ("deploy/servers.yml", "trade/servers", "trade/servers, x/y", "deploy/servers.yml"),
        (TEST, '"trade/servers"', '"trade/servers", "x/y"', f"{TEST}::test_reserve"),
        ("roadmap/not_yet.txt", "trade/soon", "trade/soon\nx/y", "roadmap/not_yet.txt"),
        ("roadmap/lessons/trade.md", "# Trade\n", "# Trade\n\n## x/y\n", "roadmap/lessons/trade.md"),
    ],
)
def test_unknown_topic_is_refused_everywhere(project, path, old, new, place):
    project.replace(path, old, new)

    assert project.faults() == [f'{place}: unknown topic "x/y"; the ids stand in roadmap/topics.toml']


def test_unknown_topic_of_a_practice_item_is_refused(project):
    item = 'id = "practice/a"\ntitle = "A"\ntitle_ja = "A"\nkind = "practice"\nanswered_by = "B"\ntopics = ["x/y"]\n'
    project.write("roadmap/practice.toml", "[[practice]]\n" + item)

    assert project.faults() == ['practice/a: unknown topic "x/y"; the ids stand in roadmap/topics.toml']


def test_docstring_names_at_most_four_topics(project):
    project.replace(
        "shop/stock.py", "trade/stock", "trade/stock, trade/servers, trade/trees, trade/java,\n    trade/soon"
    )

    assert "shop.stock.reserve: names 5 topics, at most 4; keep those it truly shows" in project.faults()


@pytest.mark.parametrize(
    ("path", "old", "topic", "missing"),
    [
        ("shop/stock.py", "Roadmap: trade/stock", "trade/stock", "tagged code"),
        (TEST, '"trade/stock", ', "trade/stock", "tagged test"),
        ("deploy/servers.yml", "# Roadmap: trade/servers", "trade/servers", "tagged file"),
        (TEST, ', "trade/servers"', "trade/servers", "tagged test"),
        ("roadmap/labs/trees.py", "Roadmap: trade/trees", "trade/trees", "tagged file"),
    ],
)
def test_topic_needs_the_evidence_of_its_kind(project, path, old, topic, missing):
    project.replace(path, old, "")

    assert f"{topic}: is of kind {KINDS[topic]}, but there is no {missing} for it" in project.faults()


@pytest.mark.parametrize("topic", [*KINDS, "trade/java"])
def test_built_topic_needs_a_lesson(project, topic):
    project.drop_lesson(topic)

    assert f'{topic}: has no lesson; write "## {topic}" in roadmap/lessons/trade.md' in project.faults()


@pytest.mark.parametrize("path", ["shop/prices.py", "orders/views.py", "config/urls.py", "accounts/mail.py"])
def test_module_that_names_no_topic_is_refused(project, path):
    project.write(path, '"""Prices."""\n\nVAT = 20\n')

    assert project.faults() == [
        f"{path}: names no topic of the roadmap; it shows one, is in the wrong place or is not needed",
    ]


@pytest.mark.parametrize("path", ["deploy/nginx.conf", "deploy/provider/app.py", "deploy/provider/__init__.py"])
def test_file_of_deploy_that_names_no_topic_is_refused(project, path):
    project.write(path, "def serve(): ...\n")

    assert len(project.faults()) == 1


@pytest.mark.parametrize(
    "path",
    ["shop/migrations/0001_initial.py", "shop/apps.py", "shop/desks.json", "deploy/README.md", "tests/factories.py"],
)
def test_markers_and_migrations_need_no_topic(project, path):
    project.write(path, "x = 1\n")

    assert project.faults() == []


def test_package_with_code_of_its_own_is_no_marker(project):
    project.write("shop/__init__.py", "def reserve(): ...\n")

    assert len(project.faults()) == 1


def test_page_that_is_stale_is_refused(project):
    project.write_page()
    project.replace("roadmap/topics.toml", "About trade/stock", "All about trade/stock")
    project.replace("roadmap/lessons/trade.md", "*About trade/stock*", "*All about trade/stock*")

    assert faults(survey(project.root)) == ["roadmap/README.md: is stale; `make roadmap` writes it anew"]
