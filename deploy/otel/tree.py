"""A trace as a tree with times, for a terminal of 78 to 98 columns.

    POST /api/v1/orders/ → 201          web         0   126 ms  ███████████
    ├─ open                             web         4    21 ms   ██
    │  └─ SQL × 5: cart, cartline, …    web         5    14 ms   █
    └─ queue mail                       relay     130     8 ms             ▏

What a process asks one neighbour several times in a row is one line, with the times added up. A line whose cause has
not arrived stands at the left edge, so a late span is never lost.

Roadmap: observability/distributed-tracing
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text

from deploy.otel.receiver import Span

WIDEST, NARROWEST, BAR, NUMBERS = 98, 78, 10, 26
COLOURS = {"web": "cyan", "provider": "magenta", "relay": "yellow", "worker": "green", "mail": "blue"}
TABLES = re.compile(r'\b(?:INTO|UPDATE|FROM|JOIN)\s+(?:ONLY\s+)?"?(\w+_\w+)"?', re.IGNORECASE)
APP = re.compile("^(accounts|orders|shop)_")
LONG_NUMBER = re.compile(r"[0-9a-f]{12,}")


class Line(NamedTuple):
    """One line of the picture. `spans` has several where they were put together."""

    guides: str
    label: str
    spans: Sequence[Span]

    @property
    def took(self) -> float:
        """Milliseconds of work: of several, without the pauses between them."""
        return sum(span.milliseconds for span in self.spans)


def lines(spans: Sequence[Span]) -> list[Line]:
    """Return the picture from top to bottom: each span below the one that caused it, as they began."""
    known = {span.id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.began):
        children.setdefault(span.parent if span.parent in known else "", []).append(span)
    return list(_below("", children, "", is_top=True))


def _below(parent: str, children: dict[str, list[Span]], guides: str, *, is_top: bool = False) -> Iterator[Line]:
    together = [list(alike) for _, alike in groupby(children.get(parent, []), lambda span: _kin(span, children))]
    for number, alike in enumerate(together, start=1):
        is_last = number == len(together)
        branch, further = ("", "") if is_top else ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield Line(guides + branch, label(alike), alike)
        for span in alike:
            yield from _below(span.id, children, guides + further)


def _kin(span: Span, children: dict[str, list[Span]]) -> str:
    """What may share a line: questions to the same store. All else is on its own."""
    return span.id if span.id in children else span.attributes.get("db.system.name", span.id)


def label(alike: Sequence[Span]) -> str:
    """Return what a line is about in a few words."""
    first = alike[0]
    told = first.attributes
    if store := told.get("db.system.name"):
        return _questions("SQL" if store == "postgresql" else store.capitalize(), alike)
    if first.kind == "server":
        method, _, route = first.name.partition(" ")
        return f"{method} /{route.lstrip('/')} → {told.get('http.response.status_code', '?')}"
    if "url.full" in told:
        return f"{first.name} {LONG_NUMBER.sub('…', urlsplit(told['url.full']).path)}"
    if first.kind == "producer":
        return f"into the queue {told.get('messaging.destination', '?')}"
    return str(told.get("shop.topic") or first.name.removeprefix("run/"))


def _questions(store: str, alike: Sequence[Span]) -> str:
    about: dict[str, None] = {}
    for span in alike:
        asked = str(span.attributes.get("db.query.text", ""))
        found = TABLES.findall(asked) if store == "SQL" else [line.split(" ")[0] for line in asked.splitlines()]
        about |= dict.fromkeys(APP.sub("", one) for one in found[:1])
    count = f" × {len(alike)}" if len(alike) > 1 else ""
    return f"{store}{count}: {', '.join(about)}" if about else f"{store}{count}"


def picture(spans: Sequence[Span], *, width: int = WIDEST) -> Table:
    """Return the tree with who did it, when it began, how long it took, and both once more as a bar."""
    began, ended = min(span.began for span in spans), max(span.ended for span in spans)
    width = min(max(width, NARROWEST), WIDEST)
    length = BAR if width < WIDEST else 2 * BAR
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("what", width=width - NUMBERS - length, no_wrap=True, overflow="ellipsis")
    table.add_column("process", width=8, no_wrap=True)
    for title in ("at ms", "took"):
        table.add_column(title, width=6, justify="right", no_wrap=True)
    table.add_column("", width=length, no_wrap=True)
    for line in lines(spans):
        colour = COLOURS.get(line.spans[0].process, "white")
        failed = any(span.failed for span in line.spans)
        what = Text.assemble((line.guides, "dim"), (line.label, "red" if failed else ""))
        at = (line.spans[0].began - began) / 1e6
        bar = Text(_bar(line.spans, began, ended, length), style=colour)
        table.add_row(what, Text(line.spans[0].process, style=colour), f"{at:.0f}", f"{line.took:.1f}", bar)
    return table


def _bar(spans: Sequence[Span], began: int, ended: int, length: int) -> str:
    """From first to last on a line that is the whole trace; what is too short to be seen is a thin stroke."""
    scale = length / max(ended - began, 1)
    start = min(int((spans[0].began - began) * scale), length - 1)
    width = int((max(span.ended for span in spans) - spans[0].began) * scale)
    return " " * start + ("█" * min(width, length - start) or "▏")


def summary(spans: Sequence[Span]) -> str:
    """Return the whole trace in a sentence."""
    took = (max(span.ended for span in spans) - min(span.began for span in spans)) / 1e6
    processes = dict.fromkeys(span.process for span in sorted(spans, key=lambda span: span.began))
    return f"{len(spans)} spans of {len(processes)} processes in {took:.0f} ms: {', '.join(processes)}"
