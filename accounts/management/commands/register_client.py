"""`manage.py register_client "Partner" --back https://partner.example/back --scope orders:read`: as the admin does it.

Prints the client's id and its secret, which nobody can read again.

Roadmap: auth/authorization-server, foundations/command-line
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Application


class Command(BaseCommand):
    """Register a client that acts for people who agree; with no address to come back to, one that acts for itself."""

    help = "Register an OAuth client, and print its id and its secret once."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the form of the admin asks for."""
        parser.add_argument("name")
        parser.add_argument("--back", action="append", default=[], help="where the browser comes back to; repeatable")
        parser.add_argument("--scope", action="append", default=[], help="the most that it may ask for; repeatable")
        parser.add_argument("--public", action="store_true", help="it runs where it can keep no secret")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check what was asked for, register, print."""
        made = Application(name=options["name"], scopes=options["scope"], redirect_uris=" ".join(options["back"]))
        made.client_type = Application.CLIENT_PUBLIC if options["public"] else Application.CLIENT_CONFIDENTIAL
        if not options["back"]:
            made.authorization_grant_type = Application.GRANT_CLIENT_CREDENTIALS
        secret = made.renew_secret()
        try:
            made.full_clean()
        except ValidationError as wrong:
            raise CommandError("\n".join(wrong.messages)) from wrong
        made.save()
        self.stdout.write(f"{made.client_id} {secret}".strip())
