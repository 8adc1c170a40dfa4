"""The scenes of `make demo`, played against a running shop: the demo cannot promise what is not so."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis
from rich.console import Console

from deploy.demo.scenes import SCENES, Town
from deploy.demo.stage import PromiseBroken, Stage
from deploy.local.stack import Stack


@pytest.fixture
def town(shop_stack: Stack) -> Iterator[Town]:
    def deliver(sku: str, units: int) -> str:
        return shop_stack.manage("receive", sku, str(units))

    with redis.Redis.from_url(shop_stack.env["REDIS_URL"]) as shared:  # what played here before may have opened it
        for key in shared.scan_iter("breaker:*"):
            shared.delete(key)
    with ExitStack() as leaving:
        yield Town(shop_stack.url, shop_stack.provider_url, shop_stack.directory / "mail", deliver, leaving)


@pytest.mark.serial
@pytest.mark.roadmap("commerce/purchase-flow", "testing/e2e-tests")
@pytest.mark.parametrize("scene", SCENES.values(), ids=lambda scene: scene.__name__)
def test_scene_comes_true(scene: Callable[[Stage, Town], None], town: Town) -> None:
    stage = Stage(Console())  # a promise that is broken shows what was seen

    scene(stage, town)

    assert stage.kept >= 2


def test_broken_promise_ends_the_demo() -> None:
    with pytest.raises(PromiseBroken, match="pigs fly"):
        Stage(Console(file=io.StringIO())).promise(False, "pigs fly")


def test_what_never_comes_is_not_waited_for_for_ever() -> None:
    with pytest.raises(PromiseBroken, match="Waiting"):
        Stage(Console(file=io.StringIO())).wait_for(lambda: None, "Waiting", seconds=0.01)
