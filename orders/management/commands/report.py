"""`manage.py report NAME [--list FILE]`: answer one of the shopkeeper's questions as CSV.

    manage.py report never-sold
    manage.py report shelf-differences --list counted.json        [{"sku": "DESK", "counted": 4}, …]

Refuses: a report that does not exist, a list that is no JSON list of objects.

Roadmap: databases/joins
"""

import csv
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.reports.questions import QUESTIONS, UnknownQuestion, ask


class Command(BaseCommand):
    """Ask and print."""

    help = f"Prints a report as CSV: {', '.join(QUESTIONS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is asked."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--list", metavar="FILE", type=Path, help="JSON that the report compares with")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Print the columns' names and a line for each row."""
        try:
            rows = ask(name, _read(options["list"]))
        except UnknownQuestion as unknown:
            raise CommandError(str(unknown)) from None
        writer = csv.writer(self.stdout, lineterminator="\n")
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)


def _read(file: Path | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as trouble:
        raise CommandError(f"{file} cannot be read: {trouble}") from None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise CommandError(f"{file} is no JSON list of objects.")
    return found
