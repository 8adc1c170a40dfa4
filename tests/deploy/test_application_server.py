"""The web process as the Procfile starts it: a worker that dies is replaced, a request under way is answered."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from honcho.environ import parse_procfile

from deploy.embedded.ports import free_port
from deploy.embedded.processes import wait_until
from deploy.local.readiness import answers, wait_until_ready

ROOT = Path(__file__).resolve().parents[2]
LINE = parse_procfile((ROOT / "Procfile").read_text()).processes["web"]
Web = tuple[subprocess.Popen[bytes], str]

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180), pytest.mark.roadmap("deployment/application-server")]


@pytest.fixture
def mute() -> Iterator[str]:
    """A Redis that takes connections and says nothing: the probe that asks it takes a second and more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def web(mute: str) -> Iterator[Web]:
    port = str(free_port())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PORT": port, "PATH": path, "REDIS_URL": mute, "CELERY_BROKER_URL": mute}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
    url = f"http://127.0.0.1:{port}/healthz"
    with subprocess.Popen(shlex.split(LINE.replace("$PORT", port)), cwd=ROOT, env=environment) as process:
        try:
            wait_until_ready([f"{url}/live"], [], seconds=60)
            yield process, url
        finally:
            process.terminate()


def workers(web: subprocess.Popen[bytes]) -> set[int]:
    return {child.pid for child in psutil.Process(web.pid).children() if child.status() != psutil.STATUS_ZOMBIE}


def test_worker_that_dies_is_replaced_and_the_other_goes_on(web: Web) -> None:
    process, url = web
    before = workers(process)

    os.kill(min(before), signal.SIGKILL)

    assert all(answers(f"{url}/live") for _ in range(20))
    assert wait_until(lambda: len(workers(process)) == 2, 60)
    assert len(workers(process) & before) == 1


def test_request_under_way_is_answered_before_the_server_stops(web: Web) -> None:
    process, url = web
    with ThreadPoolExecutor(1) as client:
        question = client.submit(httpx.get, f"{url}/ready", timeout=30, trust_env=False)
        time.sleep(0.5)

        process.send_signal(signal.SIGTERM)

    assert question.result().json()["down"] == ["cache", "broker"]
    assert process.wait(30) == 0
