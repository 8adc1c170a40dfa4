"""What nginx writes down: nobody's query and Referer, whatever goes wrong; and of itself what it must."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from deploy.embedded.processes import wait_until
from tests.deploy.door import NGINX, Door, opened

pytestmark = [
    pytest.mark.skipif(not NGINX, reason="nginx is not installed; in compose it is, and CI starts that"),
    pytest.mark.roadmap("observability/what-to-log", "deployment/nginx-reverse-proxy"),
]
SECRETS = ("CODE-OF-ALICE", "LINK-OF-ALICE")
ASKS = {"code": SECRETS[0]}
COMES_FROM = {"Referer": f"https://localhost/account/new-password/?token={SECRETS[1]}"}
QUIET = "error_log /dev/stderr emerg;\n"


@contextmanager
def door_that_says(folder: Path, old: str, new: str) -> Iterator[Door]:
    def change(etc: Path) -> None:
        for name, was, then in (("log", old, new), ("proxy", "proxy_read_timeout 25s", "proxy_read_timeout 300ms")):
            place, here = etc / "shop.d" / f"{name}.conf", ("/dev/stderr", f"{etc}/error.log")
            assert was.replace(*here) in place.read_text()
            place.write_text(place.read_text().replace(was.replace(*here), then.replace(*here)))

    with opened(folder, change) as door:
        yield door


def go_wrong(door: Door) -> set[int]:
    """All that nginx has something to say about: its statuses."""
    (door.folder / "static" / "sub").mkdir()
    answers = [door.http.post("/oauth/token/", params=ASKS, headers=COMES_FROM) for _ in range(40)]
    answers.append(door.http.post("/api/v2/cart/lines/", params=ASKS, headers=COMES_FROM, content=b" " * 1_100_000))
    for path in ("/static/none.css", "/static/sub/", "/metrics", "/a"):
        answers.append(door.http.get(path, params=ASKS | {"wait": "0.6"}, headers=COMES_FROM))
    answers.append(door.http.get("/a", params=ASKS, headers=COMES_FROM | {"X-Long": "a" * 20_000}))
    shutil.rmtree(door.folder / "cache")
    (door.folder / "cache").write_text("nothing can be kept in this")
    with suppress(httpx.RemoteProtocolError):
        door.http.get("/api/v2/products/", params=ASKS | {"cache": "public,max-age=60"}, headers=COMES_FROM)
    for replica in door.replicas:
        replica.close()
    answers.append(door.http.get("/b", params=ASKS, headers=COMES_FROM))
    return {answer.status_code for answer in answers}


def written(door: Door) -> str:
    assert wait_until(lambda: '"path":"/b"' in (door.folder / "access.log").read_text(), 5)
    return (door.folder / "access.log").read_text() + (door.folder / "error.log").read_text()


def test_no_line_has_the_query_or_the_referer(tmp_path: Path) -> None:
    with door_that_says(tmp_path, QUIET, QUIET) as door:
        statuses, text = go_wrong(door), written(door)

    assert {400, 403, 404, 413, 429, 502, 504} <= statuses
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("level", ["warn", "error", "crit"])
def test_door_that_complains_of_requests_tells_both(tmp_path: Path, level: str) -> None:
    with door_that_says(tmp_path, QUIET, QUIET.replace("emerg", level)) as door:
        go_wrong(door)
        text = written(door)

    assert [secret for secret in SECRETS if secret in text] == list(SECRETS)


def test_line_of_a_request_says_what_each_replica_answered(tmp_path: Path) -> None:
    with door_that_says(tmp_path, QUIET, QUIET) as door:
        go_wrong(door)
        lines = [json.loads(line) for line in written(door).splitlines() if line.startswith("{")]

    told = {line["path"]: (line["status"], line["upstream_status"]) for line in lines}
    assert told["/a"] == (504, "504, 504")  # both were asked
    assert (told["/b"][0], told["/b"][1][:3]) == (502, "502")
    assert told["/static/none.css"] == (404, "")


def test_what_befalls_nginx_itself_is_said(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        door.http.get("/healthz/door")  # a worker answers, so there is one
        master = int((door.folder / "nginx.pid").read_text())
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        os.kill(int(workers[0]), signal.SIGKILL)

        assert wait_until(lambda: "exited on signal 9" in (door.folder / "error.log").read_text(), 5)
