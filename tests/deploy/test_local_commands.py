"""The commands as a person types them: help, clear refusals, and `make run` from opening to an unkind end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.embedded.ports import free_port
from deploy.embedded.processes import wait_until

ROOT = Path(__file__).parents[2]
TARGETS = [
    "help",
    "demo",
    "run",
    "code",
    "stop",
    "test",
    "prove",
    "check",
    "pipeline",
    "format",
    "schema",
    "examples",
    "roadmap",
    "bench",
    "audit",
    "lock",
    "clean",
]
RUN = [sys.executable, "-m", "deploy.local.run"]


def clean_environment(**more: str) -> dict[str, str]:
    """As on a fresh machine: no servers given, none of make's or pytest's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL") and "MAKE" not in name}
    return kept | more


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, env=clean_environment(), capture_output=True, text=True)


@pytest.mark.roadmap("foundations/command-line", "workflow/documentation")
def test_make_alone_explains_every_command() -> None:
    answer = make()

    assert [line.split()[1] for line in answer.stdout.splitlines()] == TARGETS
    assert all(len(line.split()) > 3 for line in answer.stdout.splitlines())


@pytest.mark.roadmap("languages/error-handling")
def test_python_that_is_not_there_is_one_sentence() -> None:
    answer = make("environment", "PYTHON=python-of-tomorrow")

    assert answer.returncode != 0
    assert "python-of-tomorrow does not run here: install Python 3.11 or newer." in answer.stderr


@pytest.mark.roadmap("languages/error-handling")
@pytest.mark.parametrize("port", ["eighty", "80", "70000"])
def test_port_that_is_none_is_one_sentence(port: str, tmp_path: Path) -> None:
    environment = clean_environment(PORT=port, STATE_DIR=str(tmp_path))

    answer = subprocess.run(RUN, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"PORT must be a number from 1024 to 65535, not {port!r}.\n"


@pytest.mark.roadmap("foundations/tcp-vs-udp")
def test_taken_port_ends_make_run_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        environment = clean_environment(PORT=str(stranger.getsockname()[1]), STATE_DIR=str(tmp_path / "demo"))

        answer = subprocess.run(RUN, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert answer.returncode == 2
    assert answer.stderr.startswith(f"Port {environment['PORT']} is taken by another program.")
    assert not (tmp_path / "demo" / "postgres").exists()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`make run`, open: a parent in make's place and the command below it."""
    environment = clean_environment(PORT=str(free_port()), STATE_DIR=str(tmp_path / "demo"), MAKELEVEL="1")
    line = ["/bin/sh", "-c", f"{' '.join(RUN)}; exit $?"]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, process_group=0
    ) as parent:
        for text in parent.stdout:
            if "Ctrl-C stops everything" in text:
                break
        yield parent, environment
        parent.stdout.close()


def left_over(folder: str) -> list[str]:
    """Command lines of live processes that have anything to do with the folder."""
    marks = [f"STATE_DIR={folder}".encode(), folder.encode()]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        except OSError:
            continue
        found += [str(process)] if any(mark in text for mark in marks) else []
    return found


@pytest.mark.serial
@pytest.mark.timeout(300)
@pytest.mark.roadmap("deployment/application-server", "foundations/processes-and-threads")
def test_shop_that_loses_its_parent_leaves_nothing(shop: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    parent, environment = shop
    products = httpx.get(f"http://127.0.0.1:{environment['PORT']}/api/v1/products/").json()
    second = subprocess.run(RUN, cwd=ROOT, env=environment, capture_output=True, text=True)

    parent.send_signal(signal.SIGKILL)

    assert products["results"]
    assert second.returncode == 2
    assert "The shop is already running" in second.stderr
    assert wait_until(lambda: left_over(environment["STATE_DIR"]) == [], 30)


@pytest.mark.serial
@pytest.mark.timeout(300)
@pytest.mark.roadmap("foundations/processes-and-threads")
def test_ctrl_c_stops_the_shop_in_order(shop: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    parent, environment = shop

    os.killpg(parent.pid, signal.SIGINT)

    rest = parent.stdout.read()
    assert rest.endswith("Stopped.\n")
    assert "Traceback" not in rest
    assert left_over(environment["STATE_DIR"]) == []


@pytest.mark.roadmap("deployment/github-actions")
def test_workflow_follows_its_schema_and_runs_what_we_run() -> None:
    file = ROOT / ".github" / "workflows" / "ci.yml"
    checker = Path(sys.executable).with_name("check-jsonschema")

    answer = subprocess.run(
        [checker, "--builtin-schema", "vendor.github-workflows", file], capture_output=True, text=True
    )

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "- run: .ci/run\n" in file.read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
