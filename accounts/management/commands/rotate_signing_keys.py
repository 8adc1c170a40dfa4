"""`manage.py rotate_signing_keys`: show a new key to the world, and sign with it five minutes later.

Roadmap: auth/jwt-signing-algorithms, foundations/command-line
"""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import keys


class Command(BaseCommand):
    """Run it by the clock, say once a month, and at once when a key may have been seen."""

    help = "Make a new signing key. Old tokens live out their time; with --now the new key signs at once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to wait until everybody has seen the new key."""
        parser.add_argument("--now", action="store_true", help="sign with it at once, not after five minutes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say which key signs from when."""
        made = keys.rotate(lead=timedelta() if options["now"] else keys.LEAD)
        self.stdout.write(f"{made.kid} signs from {made.signs_from:%Y-%m-%d %H:%M:%S} UTC")
