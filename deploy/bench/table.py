"""The figures as tables, on a terminal or in a file.

Roadmap: testing/load-and-stress-tests
"""

from collections.abc import Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from deploy.bench.load import Tally
from deploy.bench.purchases import Kind, Results
from deploy.bench.servers import Rate, Trial

SIDES = {"floor": "bare view", "bare": "no middleware", "ours": "ours", "whole": "+ provider"}


def show_purchases(console: Console, results: Results, *, bar: float | None) -> None:
    """One row per kind of load and side, the floor first; a ratio below the bar is red."""
    table = _table("Purchases per second: medians of all rounds", 3, "clients", "product", "side", "per s", "ratio")
    for kind in sorted(results.tallies, key=lambda kind: (kind.clients, kind.products != "spread", kind.side)):
        ratio = results.ratio(kind)
        shown = "" if kind.side in {"floor", "bare"} else f"{ratio:.2f}"
        if shown and bar is not None and kind.side == "ours":
            shown = f"[{'green' if ratio >= bar else 'red'}]{shown}[/]"
        times = [f"{results.percentile(kind, percent):.1f}" for percent in (50, 95, 99)]
        rate = f"{results.per_second(kind):,.0f}"
        row = (str(kind.clients), kind.products, SIDES[kind.side], rate, shown, *times, results.wrong(kind))
        table.add_row(*row, end_section=_is_last(kind))
    console.print(table)


def _is_last(kind: Kind) -> bool:
    """Whether a line is drawn below it."""
    return kind.products == "hot" and kind.side == "ours"


def show_servers(console: Console, tallies: Mapping[Rate, Sequence[Tally]], trials: Sequence[Trial]) -> None:
    """What each server does per second, and what became of requests around a signal."""
    table = _table("Per second: medians of all rounds", 3, "asked for", "clients", "server", "per s")
    for rate in sorted(tallies, key=lambda rate: (rate.asked, rate.clients)):
        rounds = tallies[rate]
        times = [f"{median(tally.percentile(percent) for tally in rounds):.1f}" for percent in (50, 95, 99)]
        per_second = f"{median(tally.per_second for tally in rounds):,.0f}"
        wrong = str(sum(tally.wrong.total() for tally in rounds) or "")
        table.add_row(rate.asked, str(rate.clients), rate.server, per_second, *times, wrong)
    console.print(table)
    table = Table("server", "signal", "answered", "wrong", "sold unanswered", "sells on", title="A signal under load")
    for trial in trials:
        table.add_row(*(str(cell) for cell in trial[:-1]), "yes" if trial.sells_again else "no")
    console.print(table)


def _table(title: str, texts: int, *headings: str) -> Table:
    """A table whose columns after the first few are numbers."""
    table = Table(*headings, "p50 ms", "p95 ms", "p99 ms", "wrong", title=title)
    for column in table.columns[texts:]:
        column.justify = "right"
    for column in table.columns:
        column.no_wrap = True
    return table
