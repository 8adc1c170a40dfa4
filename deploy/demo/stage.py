"""Where the story is told: scenes, what is seen, and what must be true of it. A broken promise ends the demo.

Roadmap: foundations/command-line
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Seen = TypeVar("Seen")


class PromiseBroken(Exception):
    """Something the demo said would happen did not."""


class Stage:
    """Prints to the terminal; without one (a pipe, a log) plain lines, no colours, no bars."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.kept = 0
        self._scene = 0

    def scene(self, title: str) -> None:
        """Begin a chapter of the story."""
        self._scene += 1
        self.console.print()
        self.console.rule(f"[bold]{self._scene}. {title}", align="left", style="dim")

    def tell(self, sentence: str) -> None:
        """Say what happens."""
        self.console.print(f"  {sentence}")

    def show(self, text: str) -> None:
        """Show something as it is: a mail, a list."""
        for line in text.rstrip().splitlines():
            self.console.print(f"    [dim]│[/] {escape(line)}")

    def exchange(self, answer: httpx.Response) -> httpx.Response:
        """Show a request and the status it got, with the problem's own words if it is one."""
        ok = "green" if answer.is_success else "yellow"
        request = answer.request
        took = f"{answer.elapsed.total_seconds() * 1000:.0f} ms"
        self.console.print(
            f"  [cyan]{request.method} {request.url.path}[/] → [{ok}]{answer.status_code}[/] [dim]{took}[/]"
        )
        if not answer.is_success:
            self.show(answer.json()["detail"])
        return answer

    def promise(self, holds: bool, sentence: str) -> None:
        """Tick the sentence off, or raise PromiseBroken with it."""
        if not holds:
            self.console.print(f"  [bold red]✗ {sentence}[/]")
            raise PromiseBroken(sentence)
        self.kept += 1
        self.console.print(f"  [green]✓[/] {sentence}")

    @contextmanager
    def busy(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show that something slow is under way; call what is yielded with each step."""
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn()
        if not self.console.is_terminal:
            self.tell(f"{title} …")
            yield lambda step: self.tell(f"  {step}")
            return
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(f"  {title}", total=None)
            yield lambda step: progress.update(task, description=f"  {title}: {step}")

    def wait_for(self, look: Callable[[], Seen | None], title: str, *, seconds: float = 45) -> Seen:
        """Look until there is something to see; raise PromiseBroken when the time is up."""
        until = time.monotonic() + seconds
        with self.busy(title):
            while time.monotonic() < until:
                if seen := look():
                    return seen
                time.sleep(0.2)
        raise PromiseBroken(f"{title}: nothing within {seconds:.0f} seconds")
