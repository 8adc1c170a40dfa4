"""The web process as the Procfile starts it: a worker that dies is replaced, a request under way is answered."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from honcho.environ import parse_procfile

from deploy.embedded.leash import Leash
from deploy.embedded.ports import free_port
from deploy.embedded.processes import wait_until
from deploy.local.process import ROOT, ShopProcess
from deploy.local.readiness import wait_until_ready

LINE = parse_procfile((ROOT / "Procfile").read_text()).processes["web"]
Web = tuple[ShopProcess, str]

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180), pytest.mark.roadmap("deployment/application-server")]


@pytest.fixture
def mute() -> Iterator[str]:
    """A Redis that takes connections and says nothing: the probe that asks it takes a second and more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def web(mute: str, tmp_path: Path) -> Iterator[Web]:
    """On a leash: it ends with this test, and with pytest if that is killed in the middle."""
    port = str(free_port())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PORT": port, "PATH": path, "REDIS_URL": mute, "CELERY_BROKER_URL": mute}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
    url = f"http://127.0.0.1:{port}/healthz"
    leash = Leash(tmp_path)
    process = ShopProcess("web", LINE, environment, tmp_path / "web.log", leash)
    try:
        process.start()
        wait_until_ready([f"{url}/live"], [process], seconds=60)
        yield process, url
    finally:
        leash.release()
        process.wait()


def workers(web: ShopProcess) -> set[int]:
    return {child.pid for child in psutil.Process(web.pid).children() if child.status() != psutil.STATUS_ZOMBIE}


def test_worker_that_dies_is_replaced_and_the_other_goes_on(web: Web) -> None:
    process, url = web
    before = workers(process)

    os.kill(min(before), signal.SIGKILL)

    # What the kernel has already dealt to the dead one waits for its replacement: late, not lost.
    asked = [httpx.get(f"{url}/live", timeout=60, trust_env=False).status_code for _ in range(20)]
    assert set(asked) == {200}
    assert wait_until(lambda: len(workers(process)) == 2, 60)
    assert len(workers(process) & before) == 1
    process.signal(signal.SIGTERM)  # a worker that is just beginning does not hear it: granian must kill it in the end
    process.wait(30)


def test_request_under_way_is_answered_before_the_server_stops(web: Web) -> None:
    process, url = web
    with ThreadPoolExecutor(1) as client:
        question = client.submit(httpx.get, f"{url}/ready", timeout=30, trust_env=False)
        time.sleep(0.5)

        process.signal(signal.SIGTERM)

    assert question.result().json()["down"] == ["cache", "broker"]
    process.wait(30)
    assert process.exit_code == 0
