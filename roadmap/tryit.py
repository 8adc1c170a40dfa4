"""Runs the `Try it` blocks of lessons, as a reader would: in a shell, from the root of the project.

A block stops at its first failing command (`bash -euo pipefail`), and its output must be what the lesson says.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from roadmap.lesson import TryIt

ANYTHING = "…"


def missing(block: TryIt, environment: Mapping[str, str]) -> list[str]:
    """What a `# needs: docker, $AMQP_URL` line asks for and this machine does not have."""
    return [need for need in block.needs if not _is_there(need, environment)]


def _is_there(need: str, environment: Mapping[str, str]) -> bool:
    if need.startswith("$"):
        return bool(environment.get(need[1:]))
    return shutil.which(need, path=environment.get("PATH")) is not None


def run(block: TryIt, root: Path, environment: Mapping[str, str], seconds: float = 60) -> str:
    """Standard output of the block. Raises CalledProcessError, which carries the error output, when it fails."""
    command = ["bash", "-euo", "pipefail", "-c", block.script]
    done = subprocess.run(
        command, cwd=root, env=dict(environment), capture_output=True, text=True, timeout=seconds, check=True
    )
    return done.stdout


def matches(expected: str, printed: str) -> bool:
    """`…` stands for anything within a line; alone on a line, for any number of lines."""
    lines = [_line_pattern(line) for line in _trimmed(expected)]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _trimmed(printed))) is not None


def _line_pattern(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:[^\n]*\n)*?"
    return "[^\n]*".join(re.escape(piece) for piece in line.split(ANYTHING)) + "\n"


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def run_here(block: TryIt, root: Path) -> int:
    """Shows a block and runs it in the reader's own terminal; returns the exit code of the shell."""
    print(block.script, flush=True)
    return subprocess.run(["bash", "-euo", "pipefail", "-c", block.script], cwd=root, check=False).returncode
