#!/usr/bin/env python
"""Django's command line for the shop: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    """Run one management command with the local settings unless others are named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    import django
    from django.core.management import execute_from_command_line

    from config import tracing
    from config.logs import errors

    if sys.argv[1:2] == ["relay"]:  # the one command that runs for ever, and passes traces on
        tracing.begin("relay")
        django.setup()  # which refusals there are the table of problems knows, and that needs the apps
        errors.begin("relay")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
