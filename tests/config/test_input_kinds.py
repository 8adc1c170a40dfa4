"""Every way in has a list of what is allowed, and what is not on it is refused before anything is done with it. The
form in the browser was left out: these are the requests that nobody's browser would send.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tests.answers import assert_problem
from tests.factories import person, product

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("security/input-validation")]
Api = Callable[..., APIClient]
PRODUCTS, LINES, ORDERS = "/api/v2/products/", "/api/v2/cart/lines/", "/api/v2/orders/"
IMPORTS, KEY = "/api/v2/stock/imports/", {"Idempotency-Key": "input-kinds-1"}

BODIES = [
    {"sku": "DESK", "quantity": "two"},
    {"sku": "DESK", "quantity": 0},
    {"sku": "DESK", "quantity": 10**30},
    {"sku": "DE\x00SK"},
    {"sku": ["DESK"]},
    {"sku": "DESK", "price": "0.01"},  # nobody asked for it
    [],
    "DESK",
]


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_body(alice: User, api: Api, body: Any) -> None:
    product(sku="DESK")

    assert_problem(api(alice).post(LINES, body, format="json"), 400, "validation-failed")


@pytest.mark.parametrize("query", ["max_prize=10", "ordering=password", "page_size=1e9", "min_price=-1", "cursor=%00"])
def test_query(api: Api, query: str) -> None:
    assert api().get(f"{PRODUCTS}?{query}").status_code in {400, 404}


@pytest.mark.parametrize(
    "path", ["products/../../etc/passwd/", "products/DESK/", "orders/1%20OR%201=1/", "stock/imports/7/"]
)
def test_path(alice: User, api: Api, path: str) -> None:
    assert_problem(api(alice).get(f"/api/v2/{path}"), 404, "not-found")


@pytest.mark.parametrize("key", ["", "short\x00", "k" * 300, "schlüssel-mit-umlaut"], ids=repr)
def test_header(alice: User, api: Api, key: str) -> None:
    answer = api(alice).post(ORDERS, {}, format="json", headers={"Idempotency-Key": key})

    assert answer.status_code == 400


def test_file(api: Api) -> None:
    product(slug="desk")
    file = SimpleUploadedFile("desk.jpg", b"\xff\xd8\xff<?php system('id'); ?>", "image/jpeg")

    answer = api(person("mia", role="manager"), "pwd", "otp").post(
        f"{PRODUCTS}desk/images/", {"file": file, "alt": "A desk"}, format="multipart"
    )

    assert_problem(answer, 415, "not-an-image")


@pytest.mark.parametrize("table", ["sku,price\nDESK,0\n", "sku,quantity\nDESK,-5\n", 'sku,quantity\n"DESK,5\n'])
def test_table(api: Api, table: str) -> None:
    daves = api(person("dave", role="warehouse"), "pwd", "otp")

    assert daves.generic("POST", IMPORTS, table, "text/csv", headers=KEY).status_code == 400


@pytest.mark.parametrize("typed", ["", "no address", "a@b\r\nBcc: all@example.com", "x" * 300 + "@example.com"])
def test_form_whose_own_checks_were_left_out(typed: str, letters_sent: Any) -> None:
    page = Client().post("/account/register/", {"email": typed})

    assert (page.status_code, letters_sent()) == (200, [])
    assert 'role="alert"' in page.content.decode()
