"""The shop as a `with` block: its processes by name, and that none outlives its owner. With stand-ins for speed."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from deploy.embedded import ServerTrouble
from deploy.embedded.processes import command_of, wait_until
from deploy.local.stack import EVERYTHING, Stack, stack

ROOT = Path(__file__).parents[2]
PROCFILE = """
# Pages come from a folder; the web has a child, as granian has.
provider: python -m http.server $PROVIDER_PORT --bind 127.0.0.1 --directory $PAGES
web: sh -c 'sleep 600 & exec python -m http.server $PORT --bind 127.0.0.1 --directory $PAGES'
worker: python -c 'import time; print("at work", flush=True); time.sleep(600)'
"""
OWNER = """
import sys, time
from tests.deploy.test_local_stack import Path, opened
with opened(Path(sys.argv[1])) as shop:
    print(*[shop[name].pid for name in shop.processes], flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages" / "healthz").mkdir(parents=True)
    (tmp_path / "pages" / "healthz" / "ready").touch()
    (tmp_path / "pages" / "_health").touch()
    (tmp_path / "Procfile").write_text(PROCFILE)
    return tmp_path


def opened(folder: Path, *names: str, port: int | None = None) -> AbstractContextManager[Stack]:
    """A stack on the stand-ins, with the test run's own servers."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    env = {"PAGES": str(folder / "pages")}
    names = names or ("provider", "web", "worker")
    return stack(folder, port=port, processes=names, env=env, given=given, prepare=(), procfile=folder / "Procfile")


def group_of(leader: int) -> list[int]:
    """The live processes of a group, found as the kernel sees them."""
    answer = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True).stdout
    rows = [line.split() for line in answer.splitlines()]
    return [int(pid) for pid, group, state in rows if int(group) == leader and "Z" not in state]


@pytest.mark.roadmap("deployment/application-server", "performance/horizontal-scaling")
def test_second_web_has_an_address_of_its_own(folder: Path) -> None:
    with opened(folder, "provider", "web", "web.2") as shop:
        first, second = shop.web_urls

        assert (first, first != second) == (shop.url, True)
        assert [httpx.get(f"{url}/healthz/ready").status_code for url in (first, second)] == [200, 200]


@pytest.mark.roadmap("foundations/processes-and-threads")
def test_killed_process_is_gone_with_its_children_and_starts_again(folder: Path) -> None:
    with opened(folder) as shop:
        web = shop["web"]
        before = group_of(web.pid)
        web.kill()
        after = [pid for pid in before if command_of(pid)]
        shop.start("web")

        assert (len(before), after) == (2, [])
        assert web.pid not in before
        assert httpx.get(f"{shop.url}/healthz/ready").status_code == 200


@pytest.mark.roadmap("messaging/background-workers")
def test_restarted_worker_is_another_process_with_the_same_log(folder: Path) -> None:
    with opened(folder, "worker") as shop:
        worker = shop["worker"]
        wait_until(lambda: "at work" in worker.last_words(), 10)
        pid = worker.pid
        worker.restart()

        assert worker.pid != pid
        assert wait_until(lambda: worker.last_words().count("at work") == 2, 10)


@pytest.mark.roadmap("languages/error-handling")
def test_process_that_ends_by_itself_is_named_with_its_last_words(folder: Path) -> None:
    with opened(folder, "web", "worker") as shop:
        worker = shop["worker"]
        wait_until(lambda: "at work" in worker.last_words(), 10)
        worker.signal(signal.SIGKILL)
        worker.wait(60)

        with pytest.raises(ServerTrouble, match=r"(?s)worker ended by itself \(exit code -9\).*at work"):
            shop.wait_until_ready()


@pytest.mark.roadmap("languages/error-handling")
def test_second_shop_in_a_folder_is_told_of_the_first(folder: Path) -> None:
    with opened(folder) as shop, pytest.raises(ServerTrouble) as trouble, opened(folder):
        raise AssertionError("two shops in one folder")

    assert f"already running in {folder}, at {shop.url} (process {os.getpid()})" in str(trouble.value)


@pytest.mark.roadmap("foundations/tcp-vs-udp")
def test_taken_port_is_one_clear_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(ServerTrouble, match=f"Port {port} is taken by another program"), opened(folder, port=port):
            raise AssertionError("two servers on one port")


@pytest.mark.roadmap("foundations/processes-and-threads")
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_owner_that_dies_leaves_no_process(folder: Path, signum: int) -> None:
    line = [sys.executable, "-c", OWNER, folder]
    with subprocess.Popen(line, stdout=subprocess.PIPE, cwd=ROOT, text=True) as owner:
        leaders = [int(pid) for pid in owner.stdout.readline().split()]
        groups = [pid for leader in leaders for pid in group_of(leader)]

        owner.send_signal(signum)

    assert len(groups) == 4
    assert wait_until(lambda: not any(command_of(pid) for pid in groups), 20)
    with opened(folder) as shop:
        assert shop["web"].is_running


@pytest.mark.roadmap("workflow/twelve-factor")
def test_everything_is_what_the_procfile_names() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()

    assert [line.partition(":")[0] for line in lines if not line.startswith("#")] == list(EVERYTHING)
