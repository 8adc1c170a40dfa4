"""What nginx itself refuses has the form, the id and the headers of the shop's refusals; each seen to be missed."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from config.browsers.headers import EVERYWHERE, FOR_PROGRAMS
from config.problems import PROBLEMS
from deploy.local.process import ROOT
from tests.deploy.door import FILES, NGINX, Door, opened, said

#: Given to Django's SecurityMiddleware by config/settings/production.py, which the tests do not load.
HSTS = "max-age=31536000; includeSubDomains; preload"
WANTED = EVERYWHERE | {"Content-Security-Policy": FOR_PROGRAMS, "Strict-Transport-Security": HSTS}
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
STATUSES = sorted(map(int, re.findall(r"location (?:@|= /refused/)(\d+)", (FILES / "problems.conf").read_text())))
#: Every refusal that nginx has a name for (src/http/ngx_http_request.h), but for those that it never says aloud: 408,
#: 444 and 499 close the connection.
NAMED = {400, 401, 403, 404, 405, 409, 411, 412, 413, 414, 415, 416, 421, 429, *range(494, 498), *range(500, 506), 507}
#: Said only where a directive is used that we have not.
ELSEWHERE = {401: "auth_", 409: "dav_", 415: "dav_|image_filter", 421: "ssl_verify_client", 507: "dav_"}
#: What makes the real nginx say each, of those for which one head is enough.
HEADS: list[tuple[int, tuple[str, ...]]] = [
    (400, ("GET / HTTP/1.1",)),
    (400, ("GET / HTTP/1.1", "Host: a b")),
    (400, ("GET / HTTP/1.1", "Host: localhost", "Host: localhost")),
    (405, ("TRACE / HTTP/1.1", "Host: localhost")),
    (412, ("GET /static/a.css HTTP/1.1", "Host: localhost", 'If-Match: "another"')),
    (412, ("GET /static/a.css HTTP/1.1", "Host: localhost", "If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT")),
    (416, ("GET /static/a.css HTTP/1.1", "Host: localhost", "Range: bytes=99-")),
    (501, ("POST / HTTP/1.1", "Host: localhost", "Transfer-Encoding: gzip")),
    (505, ("GET / HTTP/2.1", "Host: localhost")),
]
SLUGS = {f"/problems/{problem.slug}/": problem for problem in PROBLEMS.values()}
#: Places at which nginx fails as it is told to; a copy has them, the file has not.
FAILING = "".join(f"    location = /fail/{status} {{ return {status}; }}\n" for status in STATUSES)

pytestmark = [
    pytest.mark.skipif(not NGINX, reason="nginx is not installed; in compose it is, and CI starts that"),
    pytest.mark.roadmap("api/error-responses", "security/security-headers"),
]
Break = Callable[[Path], None]


def failing(folder: Path) -> None:
    shop = folder / "shop.d" / "shop.conf"
    shop.write_text(shop.read_text().replace("    location / {", f"{FAILING}    location / {{", 1))


@contextmanager
def broken_door(folder: Path, file: str, old: str, new: str) -> Iterator[Door]:
    def breakage(etc: Path) -> None:
        failing(etc)
        place = etc / "shop.d" / file
        assert old in place.read_text()
        place.write_text(place.read_text().replace(old, new))

    with opened(folder, breakage) as door:
        yield door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("nginx"), failing) as door:
        yield door


def faults(answer: httpx.Response, status: int) -> Iterator[str]:
    """What an answer lacks to be one of the shop's."""
    if (answer.status_code, answer.headers["Content-Type"]) != (status, "application/problem+json"):
        yield f"{answer.status_code} {answer.headers['Content-Type']}"
        return
    told = answer.json()
    if told.keys() != MEMBERS or told["status"] != status:
        yield f"members {told}"
    if told["type"] != "about:blank" and (SLUGS[told["type"]].status, SLUGS[told["type"]].title) != (
        status,
        told["title"],
    ):
        yield f"{told['type']} is another problem"
    if answer.headers.get_list("X-Request-ID") != [told["request_id"]]:
        yield f"id {told['request_id']}"
    kept = answer.headers.get("Cache-Control", "")
    if kept != "no-store" and not (status == 416 and kept.endswith(", no-store")):  # on top of what the file said
        yield "may be kept"
    yield from unsaid(answer)


def unsaid(answer: httpx.Response) -> Iterator[str]:
    """The headers that are missing, said twice or said otherwise; the order of a policy's parts means nothing."""
    for name, value in WANTED.items():
        told = answer.headers.get_list(name)
        is_due = name != "Strict-Transport-Security" or answer.url.scheme == "https"  # RFC 6797, 7.2
        if [sorted(each.split("; ")) for each in told] != ([sorted(value.split("; "))] if is_due else []):
            yield f"{name}: {told}"


def parsed(text: str, scheme: str) -> httpx.Response:
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    request = httpx.Request("GET", f"{scheme}://localhost/")
    return httpx.Response(int(first.split()[1]), headers=headers, content=body.encode(), request=request)


def unworded(text: str) -> set[int]:
    """The statuses that nginx may say and for which it is given no words."""
    pages = re.findall(r"^error_page ([\d ]+) ", text, re.MULTILINE)
    return NAMED - ELSEWHERE.keys() - {int(status) for page in pages for status in page.split()}


def test_every_status_that_nginx_may_say_has_words() -> None:
    words = (FILES / "problems.conf").read_text()
    rest = "".join(file.read_text() for file in FILES.glob("*.conf"))

    assert unworded(words) == set()
    assert unworded(words.replace("error_page 412 @412;", "")) == {412}
    assert [name for name in ELSEWHERE.values() if re.search(rf"^\s*({name})", rest, re.MULTILINE)] == []


@pytest.mark.parametrize(("status", "head"), HEADS)
def test_head_that_nginx_refuses_is_refused_in_the_same_form(door: Door, status: int, head: tuple[str, ...]) -> None:
    (door.folder / "static" / "a.css").write_text("body {}")

    assert list(faults(parsed(said(door, *head), "https"), status)) == []


@pytest.mark.parametrize(("status", "head"), [each for each in HEADS if each[0] in {400, 405, 501, 505}])
def test_so_is_one_at_the_door_for_plain_http(door: Door, status: int, head: tuple[str, ...]) -> None:
    assert list(faults(parsed(said(door, *head, is_plain=True), "http"), status)) == []


def test_headers_are_those_of_production() -> None:
    settings = (ROOT / "config/settings/production.py").read_text()

    assert "SECURE_HSTS_SECONDS = 31_536_000" in settings
    assert "SECURE_HSTS_INCLUDE_SUBDOMAINS = True" in settings
    assert "SECURE_HSTS_PRELOAD = True" in settings


def refused(door: Door, status: int) -> httpx.Response:
    """An answer of that status, with an id of ours; 416 is said of a file alone."""
    (door.folder / "static" / "a.css").write_text("body {}")
    path, more = ("/static/a.css", {"Range": "bytes=99-"}) if status == 416 else (f"/fail/{status}", {})
    return door.http.get(path, headers=more | {"X-Request-ID": "order-4711-abc"})


@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_is_a_problem_under_the_id_of_the_request(door: Door, status: int) -> None:
    answer = refused(door, status)

    assert list(faults(answer, status)) == []
    assert answer.json()["instance"] == ("" if status in {400, 505} else answer.url.path)
    assert answer.json()["request_id"] == "order-4711-abc"


def test_these_are_refused_by_nginx_itself_and_not_by_our_copy(door: Door) -> None:
    too_large = door.http.post("/api/v1/cart/lines/", content=b" " * 1_100_000)
    too_often = [door.http.post("/api/v2/auth/token/") for _ in range(40)][-1]
    hidden = door.http.get("/metrics")
    written = door.http.put("/static/nothing.css")
    unreadable = door.http.get("/", headers={"X-Long": "a" * 20_000})
    not_ours = door.http.get("/refused/400")

    expected = ((too_large, 413), (too_often, 429), (hidden, 404), (written, 405), (unreadable, 400), (not_ours, 404))
    for answer, status in expected:
        assert list(faults(answer, status)) == []


def test_plain_http_at_the_door_for_tls_is_told_so(door: Door) -> None:
    answer = httpx.get(f"http://localhost:{door.port}/", trust_env=False)

    assert list(faults(answer, 400)) == []


def test_shop_that_is_gone_is_502_and_one_that_says_nothing_is_504(tmp_path: Path) -> None:
    def impatient(folder: Path) -> None:
        place = folder / "shop.d" / "proxy.conf"
        place.write_text(place.read_text().replace("proxy_read_timeout 25s;", "proxy_read_timeout 300ms;"))

    with opened(tmp_path, impatient) as door:
        silent = door.http.get("/a?wait=1.5")
        for replica in door.replicas:
            replica.close()
        gone = door.http.post("/api/v2/orders/")

    assert list(faults(silent, 504)) == []
    assert list(faults(gone, 502)) == []
    assert {answer.headers["Retry-After"] for answer in (silent, gone)} == {"5"}


@pytest.mark.parametrize("status", [404, 409, 429, 503])
def test_refusals_of_the_shop_pass_through_as_they_are(door: Door, status: int) -> None:
    answer = door.http.get(f"/a?status={status}")

    assert answer.status_code == status
    assert answer.json()["replica"] in {"one", "two"}
    assert not [name for name in WANTED if name in answer.headers]  # this replica says none; the shop says its own


def test_first_line_that_cannot_be_read_is_refused_in_the_same_form(door: Door) -> None:
    answer = said(door, "GET /metrics/\x7f HTTP/1.1", "Host: localhost")

    assert answer.startswith("HTTP/1.1 400")
    assert "application/problem+json" in answer
    assert '"request_id":"' in answer


@pytest.mark.parametrize("path", ['/metrics/"},{"', "/metrics/%22%2C%22status%22:200", "/metrics/\\", "/metrics/é"])
def test_path_of_a_stranger_does_not_get_out_of_its_quotes(door: Door, path: str) -> None:
    answer = said(door, f"GET {path} HTTP/1.1", "Host: localhost")

    assert answer.startswith("HTTP/1.1 404")
    body = answer.partition("\r\n\r\n")[2]
    assert '"instance":""' in body
    assert '"status":404,"detail"' in body


def test_static_file_and_health_of_the_door_have_the_headers_too(door: Door) -> None:
    (door.folder / "static" / "a.css").write_text("body {}")

    for path in ("/static/a.css", "/healthz/door"):
        assert list(unsaid(door.http.get(path))) == []


@pytest.mark.parametrize("status", STATUSES)
def test_status_that_nobody_put_into_words_is_found(tmp_path: Path, status: int) -> None:
    place = f"/refused/{status}" if status in {400, 505} else f"@{status}"
    with broken_door(tmp_path, "problems.conf", f" {place};", f" {place}x;") as door:
        pass_through = list(faults(refused(door, status), status))

    assert pass_through


@pytest.mark.parametrize("name", [*WANTED, "X-Request-ID"])
def test_header_that_nginx_forgets_is_found(tmp_path: Path, name: str) -> None:
    with broken_door(tmp_path, "headers.conf", f"add_header {name} ", "add_header X-Forgotten ") as door:
        found = list(faults(door.http.get("/fail/404"), 404))

    assert len(found) == 1
