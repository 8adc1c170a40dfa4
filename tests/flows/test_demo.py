"""The scenes of `make demo`, played against a running shop: the demo cannot promise what is not so."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis
from rich.console import Console

from deploy.demo import timeline
from deploy.demo.scenes import SCENES, Town
from deploy.demo.stage import PromiseBroken, Stage
from deploy.local.stack import Stack
from deploy.otel.receiver import Span, Spans


@pytest.fixture
def town(shop_stack: Stack, empty_carts: None) -> Iterator[Town]:
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


def test_demo_ends_with_the_whole_trace_of_its_first_purchase() -> None:
    console = Console(file=io.StringIO(), width=100)

    timeline.show_first_purchase(Stage(console), arrived(WHOLE))

    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "5 spans of 3 processes" in said
    assert "└─ payment.capture" in said
    assert "has not arrived" not in said


def test_span_that_does_not_arrive_is_not_waited_for_for_ever() -> None:
    console = Console(file=io.StringIO(), width=100)

    timeline.show_first_purchase(Stage(console), arrived(WHOLE[:-1]), seconds=0.1)
    timeline.show_first_purchase(Stage(console), Spans(), seconds=0.1)

    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert said.count("has not arrived within") == 2
    assert "POST /api/v1/orders/" in said


def arrived(spans: list[Span]) -> Spans:
    inbox = Spans()
    inbox.keep(spans)
    return inbox


def span(id_: str, parent: str, name: str, process: str, kind: str, topic: str = "") -> Span:
    return Span("t", id_, parent, name, kind, process, int(id_) * 10**6, 10**8, False, {"shop.topic": topic})


WHOLE = [
    span("1", "", timeline.BUTTON, "web", "server"),
    span("2", "1", "apply_async/letter", "relay", "producer"),
    span("3", "2", "run/letter", "worker", "consumer", "mail.order_confirmation"),
    span("4", "1", "apply_async/money", "relay", "producer"),
    span("5", "4", "run/money", "worker", "consumer", "payment.capture"),
]
