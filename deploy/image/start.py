"""`docker run IMAGE NAME`: become the process of that name in the Procfile; anything else is run as it stands.

    web worker mail webhooks beat relay grpc provider    the same line that `make run` starts
    python manage.py migrate                             as it stands

It is replaced by what it starts (exec, no shell stays in between): SIGTERM reaches that process, and its exit code is
the container's.

Roadmap: deployment/docker, deployment/dockerfile-best-practices
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from honcho.environ import parse_procfile

from deploy.image import NAME

PROCFILE = Path(__file__).parents[2] / "Procfile"


def main(arguments: Sequence[str]) -> None:
    lines = parse_procfile(PROCFILE.read_text()).processes
    if not arguments:
        sys.exit(f"Which process? One of {', '.join(lines)}, or a command.")
    NAME.write_text(arguments[0])
    program = command(arguments, lines)
    os.execvp(program[0], program)


def command(arguments: Sequence[str], lines: Mapping[str, str]) -> list[str]:
    """The shell fills in the variables of the line and is gone: `exec` puts the program in its place."""
    if len(arguments) == 1 and arguments[0] in lines:
        return ["/bin/sh", "-c", f"exec {lines[arguments[0]]}"]
    return list(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
