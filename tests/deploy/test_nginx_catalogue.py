"""What the door keeps of the catalogue: for which host, and under which conditions; before the real shop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.deploy.door import NGINX, Door, opened, said
from tests.factories import person, product, token_of

pytestmark = [
    pytest.mark.skipif(not NGINX, reason="nginx is not installed; in compose it is, and CI starts that"),
    pytest.mark.roadmap("caching/cache-layers", "deployment/nginx-reverse-proxy"),
    pytest.mark.django_db(transaction=True),
]
LIST, PAGE = "/api/v2/products/", "/api/v2/products/desk/"
LONG_AGO = "Mon, 01 Jan 1990 00:00:00 GMT"


@pytest.fixture
def door(live_server: LiveServer, tmp_path: Path, settings: Any) -> Iterator[Door]:
    settings.TRUSTED_PROXIES = 1
    product(sku="DESK", slug="desk", name="Desk")
    with opened(tmp_path, shop=urlsplit(live_server.url).netloc) as door:
        yield door


@pytest.mark.roadmap("security/security-misconfiguration")
@pytest.mark.parametrize("path", [LIST, PAGE])
def test_nobody_leaves_others_links_to_another_port(door: Door, path: str) -> None:
    poisoned = door.http.get(path, headers={"Host": "localhost:6666"})
    absolute = said(door, f"GET https://localhost:{door.port}{path} HTTP/1.1", "Host: localhost:7777")
    second, third = door.http.get(path), door.http.get(path)

    assert "//localhost:6666/" in poisoned.text
    assert absolute.startswith("HTTP/1.1 200")
    assert "//localhost:7777/" in absolute
    assert (second.headers["X-Cache"], third.headers["X-Cache"]) == ("MISS", "HIT")
    assert f"//localhost:{door.port}/" in second.text
    assert not [port for port in ("6666", "7777") if port in second.text + third.text]


@pytest.fixture(params=["guest", "erin", "carol"])
def heads(request: Any, door: Door) -> dict[str, str]:
    """Of somebody who is answered from the cache, and of two who are not."""
    if request.param == "guest":
        return {}
    staff = {"role": "manager"} if request.param == "carol" else {"is_business": True}
    return {"Authorization": f"Bearer {token_of(person(request.param, **staff))}"}


@pytest.mark.roadmap("api/http-status-codes")
def test_conditions_are_the_shops_to_judge_for_whoever_asks(door: Door, heads: dict[str, str]) -> None:
    first = door.http.get(PAGE, headers=heads)
    of_the_row = first.headers["ETag"].partition("-")[0] + '-0000000000000000"'

    refused = door.http.get(PAGE, headers=heads | {"If-Match": '"another"'})
    same_row = door.http.get(PAGE, headers=heads | {"If-Match": of_the_row})
    dated = door.http.get(PAGE, headers=heads | {"If-Unmodified-Since": LONG_AGO})  # no date is told, so none is judged

    assert (refused.status_code, refused.json()["type"]) == (412, "/problems/changed-meanwhile/")
    assert [(answer.status_code, answer.text) for answer in (same_row, dated)] == [(200, first.text)] * 2


def test_who_has_the_answer_is_told_so(door: Door, heads: dict[str, str]) -> None:
    first = door.http.get(PAGE, headers=heads)

    again = door.http.get(PAGE, headers=heads | {"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.text) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers.get("X-Cache") == (None if heads else "HIT")  # a guest costs the shop nothing
