"""Compression: what is large and public is sent small, what may hold a secret is not, and tags go on working."""

import gzip
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.models import User
from config.middleware import GZip
from shop.models import Product
from tests.factories import CategoryFactory, product

Api = Callable[..., APIClient]
GZIP = {"Accept-Encoding": "br;q=1.0, gzip;q=0.8"}
DESK = "/api/v1/products/desk/"


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk", description="Oak. " * 400)


@pytest.fixture
def guest(db: None, api: Api) -> APIClient:
    return api(None)


def test_large_answer_is_compressed_to_the_same_words(desk: Product, guest: APIClient) -> None:
    plain, small = guest.get(DESK), guest.get(DESK, headers=GZIP)

    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == plain.content
    assert int(small["Content-Length"]) == len(small.content) < len(plain.content) / 3


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, identity"])
def test_who_takes_no_gzip_gets_none(desk: Product, guest: APIClient, accepted: str) -> None:
    answer = guest.get(DESK, headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer
    assert "Accept-Encoding" in answer["Vary"]
    assert answer.json()["slug"] == "desk"


def test_small_answer_stays_as_it_is(guest: APIClient) -> None:
    CategoryFactory()
    answer = guest.get("/api/v1/categories/", headers=GZIP)

    assert "Content-Encoding" not in answer
    assert "Accept-Encoding" in answer["Vary"]


def test_each_form_has_a_strong_tag_of_its_own_and_is_not_sent_twice(desk: Product, guest: APIClient) -> None:
    plain, small = guest.get(DESK), guest.get(DESK, headers=GZIP)

    again = guest.get(DESK, headers={**GZIP, "If-None-Match": small["ETag"]})

    assert small["ETag"] == plain["ETag"][:-1] + '-gzip"'
    assert (again.status_code, again["ETag"], again.content) == (304, small["ETag"], b"")
    assert "Accept-Encoding" in again["Vary"]
    assert guest.get(DESK, headers={"If-None-Match": plain["ETag"]})["ETag"] == plain["ETag"]


def test_tag_of_the_compressed_form_lets_its_reader_write_once(desk: Product, carol: User, api: Api) -> None:
    keeper = api(carol, "pwd", "otp")
    tag = keeper.get(DESK, headers=GZIP)["ETag"]

    first = keeper.patch(DESK, {"name": "Oak desk"}, format="json", headers={"If-Match": tag})
    second = keeper.patch(DESK, {"name": "Elm desk"}, format="json", headers={"If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)


SECRETIVE = [
    "/api/v1/auth/sessions/", "/api/v1/account/export/", "/api/v2/auth/sessions/", "/api/v2/account/export/",
    "/account/log-in/", "/oauth/authorize/", "/admin/",
]  # fmt: skip


@pytest.mark.roadmap("security/sensitive-data-exposure")
@pytest.mark.parametrize(("path", "coding"), [*((path, None) for path in SECRETIVE), ("/api/v1/orders/", "gzip")])
def test_answer_near_secrets_is_never_compressed(path: str, coding: str | None) -> None:
    answer = GZip(lambda request: HttpResponse(b"x" * 5_000))(RequestFactory().get(path, headers=GZIP))

    assert answer.get("Content-Encoding") == coding


@pytest.mark.roadmap("security/sensitive-data-exposure")
def test_answer_to_a_write_is_never_compressed(desk: Product, carol: User, api: Api) -> None:
    headers = {**GZIP, "If-Match": "*"}
    answer = api(carol, "pwd", "otp").patch(DESK, {"name": "Oak desk"}, format="json", headers=headers)

    assert len(answer.content) > 1_000
    assert "Content-Encoding" not in answer
