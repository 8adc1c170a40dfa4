"""`manage.py seed`: the demo catalogue and the cast; with `--products N` also N invented products.

    manage.py seed                            63 products, five logins; a second run changes nothing
    manage.py seed --products 1_000_000       a shop that is worth measuring; run it again to add more
    manage.py seed --crowd 20                 twenty more logins, for a rush on the last lamp

Refuses: a number of products that is none, a catalogue file with a mistake in it. Ctrl-C leaves whole batches only.

Roadmap: workflow/twelve-factor
"""

from argparse import BooleanOptionalAction
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from accounts.cast import admit_cast, admit_crowd
from shop.catalogue.bulk import analyze, copy_inventions
from shop.catalogue.shelves import CatalogueMistake, fill_shelves

MOST_PRODUCTS = 10_000_000  # ten gigabytes and more; beyond that somebody's finger stayed on the key
INTERRUPTED = 130  # what shells report for a command that was ended by Ctrl-C


class Command(BaseCommand):
    """Fill the shop."""

    help = "Put the demo catalogue and the cast into the shop, and with --products N also N invented products."

    def add_arguments(self, parser: CommandParser) -> None:
        """Numbers are read in `handle`, so that a call from Python is refused with the same sentence."""
        parser.add_argument("--products", metavar="N", default=0, help="add N invented products, as in 1_000_000")
        parser.add_argument("--seed", metavar="S", default=1, help="other invented products for every S (default: 1)")
        parser.add_argument(
            "--cast",
            action=BooleanOptionalAction,
            help="logins for alice, bob, carol, dave, erin, whose passwords are published (default: not in production)",
        )

        parser.add_argument("--crowd", metavar="N", default=0, help="also logins buyer-01 … buyer-N, for trying rushes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do all of it, or say what is wrong with the wish before anything is written."""
        count = _whole_number("--products", options["products"])
        seed = _whole_number("--seed", options["seed"])
        crowd = _whole_number("--crowd", options["crowd"])
        self._seed_demo(options["cast"])
        if crowd:
            self.stdout.write(f"Crowd: {admit_crowd(crowd)} new buyers may log in.")
        if count:
            self._invent(count, seed)

    def _seed_demo(self, with_cast: bool | None) -> None:
        try:
            added = fill_shelves()
        except CatalogueMistake as mistake:
            raise CommandError(str(mistake)) from mistake
        self.stdout.write(f"Demo catalogue: {f'{added} products added' if added else 'nothing new'}.")
        if with_cast is None and settings.SETTINGS_MODULE.endswith(".production"):
            self.stdout.write("Cast: left out, since its passwords are published; --cast lets it in all the same.")
        elif with_cast is not False:
            names = ", ".join(person.name.lower() for person in admit_cast())
            self.stdout.write(f"Cast: {f'{names} may log in' if names else 'nobody new'}.")

    def _invent(self, count: int, seed: int) -> None:
        done = 0
        try:
            with self._progress(count) as show:
                for size in copy_inventions(count, seed=seed):
                    done += size
                    show(done)
            analyze()
        except KeyboardInterrupt:
            note = f"Stopped: {done:,} of {count:,} products are in, each with its stock and ledger."
            raise CommandError(note, returncode=INTERRUPTED) from None
        self.stdout.write(f"Invented products: {done:,} added.")

    @contextmanager
    def _progress(self, count: int) -> Iterator[Callable[[int], None]]:
        """Yield what shows how many are in: a bar on a terminal, elsewhere a line per tenth."""
        if self.stdout.isatty():
            with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn()) as bar:
                task = bar.add_task("Inventing products", total=count)
                yield lambda done: bar.update(task, completed=done)
        else:
            tenths = {0}
            yield lambda done: self._write_tenth(tenths, done, count)

    def _write_tenth(self, written: set[int], done: int, count: int) -> None:
        if (tenth := done * 10 // count) not in written:
            written.add(tenth)
            self.stdout.write(f"{done:,} of {count:,} products")


def _whole_number(option: str, given: object) -> int:
    try:
        number = int(str(given))
    except ValueError:
        number = -1
    if not 0 <= number <= MOST_PRODUCTS:
        raise CommandError(f"{option} takes a whole number from 0 to {MOST_PRODUCTS:,}, not {given}.")
    return number
