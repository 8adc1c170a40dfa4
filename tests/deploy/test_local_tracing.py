"""Real processes, one purchase, one trace: whoever took part in it told so, and each says who asked it to."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.demo import timeline
from deploy.demo.shopper import Shopper
from deploy.local.stack import Stack, stack
from deploy.otel.receiver import Span, Spans, receiving
from tests.conftest import mails_to

CALLER = "00f067aa0ba902b7"
PROCESSES = ("provider", "web", "worker", "mail", "relay")


@pytest.fixture(scope="module")
def spans() -> Iterator[Spans]:
    with receiving() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def shop(spans: Spans, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("traced")
    env = timeline.settings_for(spans) | mails_to(folder / "mail")
    with stack(folder, processes=PROCESSES, durable=False, env=env) as running:
        yield running


def bought(shop: Stack, trace: str, *, at: str = "") -> str:
    """Buy under a trace that the caller began, as a gateway would; return the order's number."""
    alice = Shopper(at or shop.url, "alice@example.com")
    alice.fill("DESK-WAL-160")
    alice.http.headers["traceparent"] = f"00-{trace}-{CALLER}-01"
    answer = alice.buy()
    alice.close()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def whole(spans: Spans, trace: str, *, seconds: float = 60) -> list[Span]:
    """Wait for the work's end and for every span that another names: each process sends its own when it likes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told = spans.of(trace)
        if timeline.is_whole(told) and {span.parent for span in told} <= {CALLER, *(span.id for span in told)}:
            break
        time.sleep(0.1)
    return spans.of(trace)


def line_of(span: Span, trace: list[Span]) -> list[str]:
    """Name the processes from the one that began to the one that made this span."""
    by_id = {each.id: each for each in trace}
    line = [span.process]
    while span.parent in by_id:
        span = by_id[span.parent]
        line.append(span.process)
    assert span.parent == CALLER
    return [process for place, process in enumerate(line[::-1]) if place == 0 or line[::-1][place - 1] != process]


@pytest.mark.serial
def test_five_processes_tell_one_trace(shop: Stack, spans: Spans) -> None:
    trace = uuid4().hex

    bought(shop, trace)

    told = whole(spans, trace)
    assert {span.process for span in told} == set(PROCESSES)
    lines = {(span.name, *line_of(span, told)) for span in told}
    assert ("POST /v1/payment_intents", "web", "provider") in lines
    assert ("send mail", "web", "relay", "mail") in lines
    # Through the relay, unless it was published together with other news: then straight from where it was written.
    captures = [line for name, *line in lines if name.endswith("/capture")]
    assert {tuple(line) for line in captures if line[0] == "web"} & {
        ("web", "relay", "worker", "provider"),
        ("web", "worker", "provider"),
    }, captures
    assert {span.process for span in told if "db.system.name" in span.attributes} >= {"web", "mail", "worker"}


@pytest.mark.serial
def test_trace_of_a_purchase_tells_nobody_who_bought_what_for_whom(shop: Stack, spans: Spans) -> None:
    trace = uuid4().hex

    number = bought(shop, trace)

    told = repr(whole(spans, trace))
    secrets = [shop.env["SECRET_KEY"], shop.env["PAYMENT_API_KEY"], "alice", "Lime Street", "pm_card", number]
    assert [secret for secret in secrets if secret in told] == []


@pytest.mark.serial
def test_idle_shop_tells_nothing(shop: Stack, spans: Spans) -> None:
    told: set[str] = {"everybody"}
    for _ in range(10):  # what was begun before may still be under way: the provider's events come seconds later
        before = len(spans.all())
        time.sleep(3)  # the relay asks fifteen times in three seconds
        told = {span.process for span in spans.all()[before:]}
        if told <= {"worker"}:  # what runs by the clock, if anything
            break

    assert told <= {"worker"}


@pytest.mark.serial
def test_shop_sells_while_the_collector_is_away(shop: Stack, spans: Spans) -> None:
    shop.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
    shop.start("web.2")
    shop.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = spans.endpoint

    assert bought(shop, uuid4().hex, at=shop.web_urls[1])
