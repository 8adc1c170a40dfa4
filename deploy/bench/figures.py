"""What was measured, what was hoped for, and whether it was reached.

Roadmap: testing/load-and-stress-tests
"""

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Figure(NamedTuple):
    """One number with its goal. `unit` stands behind it: nothing for a ratio, as in ` ms` or `/s` otherwise.

    `most`: the goal is a limit, not a least. `beside`: what it was made of, for who wants to see it.
    """

    name: str
    value: float | None
    goal: float | None = None
    most: bool = False
    unit: str = ""
    beside: str = ""

    @property
    def is_reached(self) -> bool | None:
        """None: there is no goal, or it could not be measured."""
        if self.goal is None or self.value is None:
            return None
        return self.value <= self.goal if self.most else self.value >= self.goal

    def shown(self, number: float | None) -> str:
        """A ratio has two places, a large number none."""
        if number is None:
            return "–"
        return f"{number:,.0f}{self.unit}" if abs(number) >= 100 else f"{number:.3g}{self.unit}"


def show(console: Console, title: str, figures: Iterable[Figure]) -> None:
    """One row each; green is reached, red is not."""
    table = Table("figure", "measured", "goal", "made of", title=title, title_justify="left")
    for column in table.columns[1:3]:
        column.justify, column.no_wrap = "right", True
    for figure in figures:
        colour = {True: "green", False: "red", None: "default"}[figure.is_reached]
        goal = "" if figure.goal is None else f"{'≤' if figure.most else '≥'} {figure.shown(figure.goal)}"
        table.add_row(figure.name, f"[{colour}]{figure.shown(figure.value)}[/]", goal, figure.beside)
    console.print(table)


def missed(figures: Iterable[Figure], *, slack: float) -> list[Figure]:
    """The figures that fall short of their goal by more than so large a part of it."""
    return [figure for figure in figures if _falls_short(figure, slack)]


def _falls_short(figure: Figure, slack: float) -> bool:
    if figure.goal is None or figure.value is None:
        return False
    bar = figure.goal * (1 + slack if figure.most else 1 - slack)
    return figure.value > bar if figure.most else figure.value < bar
