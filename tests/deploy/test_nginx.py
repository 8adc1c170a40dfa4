"""deploy/nginx as it stands: who is told what, what is let through, what is kept, and what nginx itself refuses."""

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from deploy.embedded.processes import wait_until
from tests.deploy.door import NGINX, Door, command, opened, render

pytestmark = [
    pytest.mark.skipif(not NGINX, reason="nginx is not installed; in compose it is, and CI starts that"),
    pytest.mark.roadmap("deployment/nginx-reverse-proxy", "deployment/web-server-tuning"),
]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("nginx")) as door:
        yield door


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as door:
        yield door


def test_shop_sees_the_callers_address_and_scheme_and_not_what_the_caller_made_up(door: Door) -> None:
    heard = door.http.get("/a", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}).json()

    assert heard["client"] in {"127.0.0.1", "::1"}
    assert heard["secure"] is True
    assert heard["host"] == f"localhost:{door.port}"


@pytest.mark.parametrize(
    ("offered", "kept"), [("order-4711-abc", True), ("short", False), ("with space and more", False)]
)
def test_request_id_is_the_callers_if_well_formed_and_the_same_for_shop_log_and_answer(
    door: Door, offered: str, kept: bool
) -> None:
    answer = door.http.get("/logged", headers={"X-Request-ID": offered})

    shown = answer.headers.get_list("X-Request-ID")
    assert len(shown) == 1
    assert (shown[0] == offered) == kept
    assert answer.json()["headers"]["X-Request-Id"] == shown[0]
    assert wait_until(lambda: f'"request_id":"{shown[0]}"' in (door.folder / "access.log").read_text(), 5)


def test_trace_goes_on_or_begins_here(door: Door) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    passed = door.http.get("/a", headers={"traceparent": given}).json()["headers"]["Traceparent"]
    made = door.http.get("/a", headers={"traceparent": "made up"}).json()["headers"]["Traceparent"]

    assert passed == given
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", made)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/healthz/nothing/../../metrics"])
def test_metrics_are_not_public(door: Door, path: str) -> None:
    answer = door.http.get(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_who_asks_too_much_is_told_so_in_the_form_of_the_shop(door: Door) -> None:
    answers = [door.http.post("/api/v1/auth/token/") for _ in range(40)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert 10 <= len(refused) <= 20  # 20 at once, 5 more a second
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].headers["Content-Type"] == "application/problem+json"
    assert refused[0].json()["request_id"] == refused[0].headers["X-Request-ID"]


def test_body_that_is_too_large_never_reaches_the_shop(door: Door) -> None:
    before = sum(replica.count for replica in door.replicas)

    refused = door.http.post("/api/v1/cart/lines/", content=b" " * 1_100_000)
    taken = door.http.post("/api/v1/products/desk/images/", content=b" " * 5_000_000)

    assert (refused.status_code, refused.json()["status"]) == (413, 413)
    assert taken.json()["body"] == 5_000_000
    assert sum(replica.count for replica in door.replicas) == before + 1


@pytest.mark.roadmap("deployment/tls-termination")
def test_tls_is_new_enough_and_speaks_http_2(door: Door) -> None:
    trusted = ssl.create_default_context(cafile=str(door.folder / "nginx" / "authority.pem"))
    trusted.set_alpn_protocols(["h2", "http/1.1"])

    with (
        socket.create_connection(("127.0.0.1", door.port)) as line,
        trusted.wrap_socket(line, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        assert secure.version() == "TLSv1.3"


@pytest.mark.roadmap("deployment/tls-termination")
def test_plain_http_is_answered_with_the_way_to_https_and_nothing_else(door: Door) -> None:
    answer = httpx.post(f"http://localhost:{door.plain_port}/api/v1/orders/?a=1", trust_env=False)

    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://localhost:{door.port}/api/v1/orders/?a=1"


@pytest.mark.roadmap("deployment/static-content")
def test_static_file_is_sent_compressed_in_parts_and_for_ever(door: Door) -> None:
    (door.folder / "static" / "a.0123.css").write_bytes(b"body {}" * 500)
    (door.folder / "static" / "a.0123.css.gz").write_bytes(b"compressed before")

    with door.http.stream("GET", "/static/a.0123.css") as whole:
        sent = b"".join(whole.iter_raw())
    part = door.http.get("/static/a.0123.css", headers={"Range": "bytes=0-3", "Accept-Encoding": "identity"})

    assert (sent, whole.headers["Content-Encoding"]) == (b"compressed before", "gzip")
    assert "immutable" in whole.headers["Cache-Control"]
    assert (part.status_code, part.content) == (206, b"body")


def test_answers_of_the_shop_are_not_compressed_here(door: Door) -> None:
    answer = door.http.get("/account/secret", headers={"Accept-Encoding": "gzip", "X-Long": "a" * 3000})

    assert "Content-Encoding" not in answer.headers


PUBLIC = "/api/v2/products/?cache=public,max-age=60&n="


def test_public_answer_is_kept_for_the_next_guest(door: Door) -> None:
    first, second = door.http.get(f"{PUBLIC}1"), door.http.get(f"{PUBLIC}1")

    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.json()["count"] == second.json()["count"]
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize("header", [{"Authorization": "Bearer alice"}, {"Cookie": "a=b"}, {"X-Cart-Token": "alice"}])
def test_alices_answer_is_never_kept_and_she_gets_no_kept_one(door: Door, header: dict[str, str]) -> None:
    path = f"{PUBLIC}{next(iter(header))}"

    alices = door.http.get(path, headers=header)
    guests = door.http.get(path)
    again = door.http.get(path, headers=header)

    assert guests.headers["X-Cache"] == "MISS"
    assert next(iter(header.values())) not in guests.text
    assert next(iter(header.values())) in alices.text
    assert next(iter(header.values())) in again.text


@pytest.mark.parametrize("said", ["private,max-age=60", "no-store", "max-age=60", "public,no-cache"])
def test_what_the_shop_does_not_call_public_is_not_kept(door: Door, said: str) -> None:
    path = f"/api/v2/products/?cache={said}&n=2"

    counts = {door.http.get(path).text for _ in range(2)}

    assert len(counts) == 2


def test_kept_answer_is_given_for_no_longer_than_the_shop_lets_it(door: Door) -> None:
    path = "/api/v2/products/?cache=public,max-age=1,stale-while-revalidate=1&wait=0.5"
    kept = door.http.get(path).json()["headers"]["X-Request-Id"]
    sleep(3.5)  # both seconds are over, and a third for nginx, which counts whole ones

    with ThreadPoolExecutor(3) as callers:  # while one of them fetches it anew
        answers = list(callers.map(lambda _: door.http.get(path), range(3)))

    assert kept not in {answer.json()["headers"]["X-Request-Id"] for answer in answers}
    assert {answer.headers["X-Cache"] for answer in answers} == {"EXPIRED"}


@pytest.mark.roadmap("performance/load-balancing", "caching/cache-layers")
def test_last_answer_is_given_when_no_replica_is_left_to_ask(own_door: Door) -> None:
    path = "/api/v2/products/?cache=public,max-age=1"
    kept = own_door.http.get(path).json()
    for replica in own_door.replicas:
        replica.close()
    sleep(2.5)

    answer = own_door.http.get(path)

    assert (answer.status_code, answer.headers["X-Cache"], answer.json()) == (200, "STALE", kept)


@pytest.mark.roadmap("performance/load-balancing")
def test_requests_are_spread_one_replica_is_enough_and_without_any_the_door_says_so(own_door: Door) -> None:
    door = own_door
    share = [door.http.get("/a").json()["replica"] for _ in range(20)]
    assert min(share.count("one"), share.count("two")) >= 5

    door.replicas[0].close()
    asked = [door.http.get("/a") for _ in range(10)]

    assert {answer.json()["replica"] for answer in asked} == {"two"}
    door.replicas[1].close()
    refused = door.http.post("/api/v1/orders/")
    assert (refused.status_code, refused.headers["Retry-After"]) == (502, "5")
    assert "Idempotency-Key" in refused.json()["detail"]


def breakage(file: str, old: str, new: str) -> Any:
    return pytest.param(file, old, new, id=f"{file} without {old.strip()[:30]}")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        breakage("upstream.conf", "least_conn;", "least_con;"),
        breakage("shop.conf", "@404;", ""),
        breakage("limits.conf", "zone=logins:10m", "zone=login:10m"),
        breakage("tls.conf", "certificate.pem", "certificates.pem"),
        breakage("proxy.conf", "proxy_pass http://shop;", "proxy_pass http://nowhere-at-all.invalid;"),
    ],
)
def test_nginx_itself_refuses_a_broken_copy(tmp_path: Path, file: str, old: str, new: str) -> None:
    sound = render(tmp_path / "etc", ["127.0.0.1:9", "127.0.0.1:10"], 8443, 8080)
    assert is_accepted(sound)

    broken = sound.parent / "shop.d" / file
    assert old in broken.read_text()
    broken.write_text(broken.read_text().replace(old, new, 1))

    assert not is_accepted(sound)


def is_accepted(file: Path) -> bool:
    return subprocess.run([*command(file), "-t"], capture_output=True).returncode == 0
