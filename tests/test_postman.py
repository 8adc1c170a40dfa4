"""`docs/api/shop.postman_collection.json`: current, and played from top to bottom against a running shop."""

import json
from pathlib import Path

import httpx
import pytest

from deploy.clients.postman import COLLECTION, written
from deploy.local.stack import Stack
from tests.postman import Player

pytestmark = pytest.mark.roadmap("foundations/http-clients")


def test_collection_is_what_the_file_of_requests_says() -> None:
    assert COLLECTION.read_text("utf-8") == written(), "`make schema` writes it anew"


@pytest.mark.serial
def test_every_test_of_the_collection_passes(shop_stack: Stack) -> None:
    player = Player(COLLECTION, shop=shop_stack.url)

    wrong = {item["name"]: player.play(item) for item in player.items}

    assert len(wrong) == 13
    assert all(found == [] for found in wrong.values()), wrong


@pytest.mark.serial
def test_answer_with_another_status_fails_its_test(shop_stack: Stack, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    changed.write_text(COLLECTION.read_text("utf-8").replace("status(404)", "status(200)"))
    player = Player(changed, shop=shop_stack.url)

    assert [player.play(item) for item in player.items[:4]] == [[], [], [], ["404 instead of 200"]]


def test_script_that_is_not_understood_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="not played here"):
        Player(COLLECTION).run("pm.sendRequest('https://elsewhere.example');", httpx.Response(200))


def test_nothing_but_the_shop_is_named_and_no_secret_is_kept() -> None:
    collection = json.loads(COLLECTION.read_text("utf-8"))

    assert {item["request"]["url"]["raw"].partition("/")[0] for item in collection["item"]} == {"{{api}}"}
    assert [one["key"] for one in collection["variable"]] == ["shop", "api"]
