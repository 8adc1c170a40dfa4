"""The last picture of the demo: where the time of its first purchase went, as the processes themselves told it.

They send their spans a moment after the work. So whoever looks waits for the last ones, but not for ever: a picture
with a gap is better than a demo that hangs.

Roadmap: observability/distributed-tracing, testing/e2e-tests
"""

import time
from collections.abc import Sequence

from rich.padding import Padding

from deploy.demo.stage import Stage
from deploy.otel.receiver import Span, Spans
from deploy.otel.tree import picture, summary

BUTTON = "POST api/v1/orders/"
#: What a purchase ends with: the letter has left, and the money is captured.
LAST = {"mail.order_confirmation", "payment.capture"}


def settings_for(spans: Spans) -> dict[str, str]:
    """Return what the processes of the shop must be told: where to, and not to wait five seconds."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": spans.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "500"}


def first_purchase(spans: Spans) -> list[Span]:
    """Return what has arrived of the trace in which the button was pressed first; nothing if that has not."""
    pressed = next((span for span in spans.all() if span.name == BUTTON), None)
    return spans.of(pressed.trace) if pressed else []


def is_whole(trace: Sequence[Span]) -> bool:
    """Whether the work has ended, and every span that caused another is there."""
    known = {span.id for span in trace}
    roots = sum(span.parent not in known for span in trace)
    return roots == 1 and {span.attributes.get("shop.topic") for span in trace} >= LAST


def show_first_purchase(stage: Stage, spans: Spans, *, seconds: float = 8) -> None:
    """Show it as soon as it is whole, or when the time is up what there is of it."""
    until = time.monotonic() + seconds
    with stage.busy("The last spans arrive"):
        while not is_whole(first_purchase(spans)) and time.monotonic() < until:
            time.sleep(0.2)
    if trace := first_purchase(spans):
        stage.tell(f"{summary(trace)}.")
        stage.console.print(Padding(picture(trace, width=stage.console.width - 2), (0, 0, 0, 2)))
    if not is_whole(trace):
        stage.tell(f"[yellow]Some of it has not arrived within {seconds:.0f} seconds.[/]")
