"""A trace is drawn as what caused what: nothing is left out, and what says the same is said once."""

import io
from typing import Any

import pytest
from rich.console import Console

from deploy.otel.receiver import Span
from deploy.otel.tree import lines, picture, summary

MS = 1_000_000


def span(id_: str, parent: str, name: str, began: int, ended: int, *, of: str = "web internal", **told: Any) -> Span:
    process, kind = of.split()
    attributes = {name.replace("__", "."): value for name, value in told.items()}
    return Span("t", id_, parent, name, kind, process, began * MS, ended * MS, False, attributes)


def sql(id_: str, parent: str, text: str, began: int, ended: int) -> Span:
    told = {"db__system__name": "postgresql", "db__query__text": text}
    return span(id_, parent, text.split()[0], began, ended, of="web client", **told)


TRACE = [
    span("button", "elsewhere", "POST api/v1/orders/", 0, 100, of="web server", http__response__status_code=201),
    span("open", "button", "open", 5, 30),
    sql("cart", "open", "SELECT id FROM orders_cart WHERE user_id = %s", 6, 8),
    sql("order", "open", 'WITH a AS (INSERT INTO "orders_order" VALUES (1)) SELECT 1', 10, 13),
    span(
        "pay", "button", "POST", 40, 90, of="web client", url__full="http://p:1/v1/intents/pi_0123456789abcdef/capture"
    ),
    span("intent", "pay", "POST /v1/intents", 45, 85, of="provider server", http__response__status_code=200),
    span("sent", "button", "apply_async/x", 150, 155, of="relay producer", messaging__destination="mail"),
    span("task", "sent", "run/x", 170, 200, of="mail consumer", shop__topic="mail.order_confirmation"),
]


@pytest.mark.roadmap("observability/distributed-tracing")
def test_each_line_stands_below_its_cause() -> None:
    assert [line.guides + line.label for line in lines(TRACE)] == [
        "POST /api/v1/orders/ → 201",
        "├─ open",
        "│  └─ SQL × 2: cart, order",
        "├─ POST /v1/intents/pi_…/capture",
        "│  └─ POST /v1/intents → 200",
        "└─ into the queue mail",
        "   └─ mail.order_confirmation",
    ]


def test_questions_that_share_a_line_have_their_times_added_up() -> None:
    assert next(line.took for line in lines(TRACE) if "SQL" in line.label) == 5


def test_span_whose_cause_is_late_is_shown_all_the_same() -> None:
    late = [one for one in TRACE if one.id != "sent"]

    assert sum(len(line.spans) for line in lines(late)) == len(late)
    assert lines(late)[-1].guides == ""


@pytest.mark.roadmap("observability/distributed-tracing")
@pytest.mark.parametrize("width", [78, 98])
def test_picture_fits_a_terminal_and_says_how_long_all_took(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)

    console.print(picture(TRACE, width=width))

    drawn = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(drawn) == 1 + len(lines(TRACE))
    assert max(len(line.rstrip()) for line in drawn) <= width
    assert "…" not in "".join(line[-10:] for line in drawn)  # nothing had to be cut at the right
    assert summary(TRACE) == "8 spans of 4 processes in 200 ms: web, provider, relay, mail"
