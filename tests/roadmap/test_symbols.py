"""Names are resolved by reading the tree; nothing is imported, so a broken module does no harm."""

import pytest

from roadmap.symbols import exists, is_ours
from roadmap.tree import Tree

MODELS = """
from shop.stock import reserve as take
from .stock import reserve
from . import stock
from django.db import models

if True:
    LATE: int = 1

class Stock(models.Model):
    on_hand = models.IntegerField()

    class Meta:
        ordering = ["pk"]
"""


@pytest.fixture
def tree(project):
    project.write("shop/models.py", MODELS)
    return Tree(project.root)


@pytest.mark.parametrize(
    "name",
    [
        "shop", "shop.stock", "shop.stock.reserve", "shop.models.Stock.on_hand", "shop.models.Stock.Meta.ordering",
        "shop.models.LATE", "shop.models.reserve", "shop.models.take", "shop.models.stock.reserve", "roadmap.lessons",
    ],
)  # fmt: skip
def test_what_is_written_down_exists(tree, name):
    assert exists(tree, name)


@pytest.mark.parametrize(
    "name",
    ["shop.gone", "shop.stock.gone", "shop.models.Stock.objects", "shop.models.LATE.real", "shop.stock.reserve.gone"],
)
def test_what_is_not_written_down_does_not_exist(tree, name):
    assert not exists(tree, name)


@pytest.mark.parametrize(
    ("name", "ours"), [("shop.stock", True), ("shop", False), ("django.db", False), ("shop.a-b", False)]
)
def test_only_dotted_names_in_our_packages_are_ours(name, ours):
    assert is_ours(name) is ours
