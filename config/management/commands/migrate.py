"""`manage.py migrate`: Django's command, with the patience that migrations need and the privileges that follow them.

    DATABASE_URL=postgres://shop_owner:…@…/shop python manage.py migrate

The shop's processes log in as shop_writer and cannot change a table, so this is the one command that needs the owner.
Anybody else may migrate a database of their own, as `make run` and the tests do; no privileges are given there.

Roadmap: databases/dcl, security/least-privilege
"""

from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections, transaction

PRIVILEGES = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "privileges.sql"


class Command(migrate.Command):
    """Migrate, then say who may do what."""

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        """Give up a lock after three seconds as everybody does, but let a long index be built to its end.

        A migration that cannot have its lock fails, and may be run again: behind one that waited, the shop would stand.
        """
        with connections[database].cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        super().handle(*args, database=database, **options)
        with connections[database].cursor() as cursor:
            cursor.execute("RESET statement_timeout")
        is_complete = not (options["app_label"] or options["plan"] or options["check_unapplied"])
        if is_complete:
            grant(database)


def grant(database: str) -> bool:
    """Run privileges.sql in one transaction, if we are the owner that it speaks of; say whether we were."""
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        cursor.execute("SELECT current_user = 'shop_owner'")
        if is_owner := bool(cursor.fetchone()[0]):
            cursor.execute(PRIVILEGES.read_text("utf-8"))
    return is_owner
