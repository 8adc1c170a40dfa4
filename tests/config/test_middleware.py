"""A request's id: the caller's if it is well formed, else ours; never anything that could write into the log."""

import re

import pytest
from django.test import Client

OURS = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("offered", ["abcdefgh", "order.42_retry-1", "x" * 64])
def test_well_formed_id_is_kept_and_sent_back(client: Client, offered: str) -> None:
    answer = client.get("/nowhere/", headers={"X-Request-ID": offered})

    assert answer["X-Request-ID"] == answer.json()["request_id"] == offered


@pytest.mark.roadmap("security/output-encoding")
@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "new\nline-in-the-log", '{"level":"ERROR"}', "ümlaute-hier"]
)
def test_malformed_id_is_replaced(client: Client, offered: str) -> None:
    answer = client.get("/nowhere/", headers={"X-Request-ID": offered})

    assert OURS.fullmatch(answer["X-Request-ID"])


def test_two_requests_have_two_ids(client: Client) -> None:
    assert client.get("/healthz/live")["X-Request-ID"] != client.get("/healthz/live")["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.roadmap("security/input-validation")
@pytest.mark.parametrize("charset", ["utf-7", "raw_unicode_escape"])
def test_forms_are_utf_8_whatever_the_caller_says(client: Client, charset: str) -> None:
    fields = {"email": "alice@example.com", "password": "half a character: \\ud800 +2AA-"}
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    body = "".join([*parts, "--B--\r\n"])  # `post` would write it in that charset
    sent_as = f"multipart/form-data; boundary=B; charset={charset}"

    assert client.generic("POST", "/account/log-in/", body, sent_as).status_code == 200
    assert client.get("/api/v1/products/?search=%5Cud800", CONTENT_TYPE=sent_as).status_code == 200
