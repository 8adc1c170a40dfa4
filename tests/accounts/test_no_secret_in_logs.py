"""No password, and nothing that opens an account, is ever logged, whatever is done and however it goes wrong."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.letters import links
from accounts.models import User
from tests.conftest import LettersSent

Api = Callable[[User | None], APIClient]
RIGHT, WRONG, NEW = "alice-shows-the-shop", "never-was-the-password", "a desk made of walnut"


def everything(alice: User, api: Api, letters_sent: LettersSent) -> list[Any]:
    """Every flow that sees a password, well and badly; returns the answers."""
    guest, hers = api(None), api(alice)

    def post(path: str, client: APIClient = guest, **body: Any) -> Any:
        return client.post(f"/api/v1/{path}", body, format="json")

    answers = [post("auth/token/", email=alice.email, password=password) for password in (WRONG, RIGHT, 7 * RIGHT)]
    answers += [post("account/password/", hers, current_password=WRONG, new_password=NEW)]
    answers += [post("auth/registrations/", email="eve@example.com"), post("auth/password-resets/", email=alice.email)]
    for letter in letters_sent():
        token = letter.body.partition("#")[2].split()[0]
        answers += [
            post(f"auth/{door}/confirmation/", token=token, password=password, **name)
            for door, name in (("registrations", {"name": "Eve"}), ("password-resets", {}))
            for password in (RIGHT[:11], NEW)
        ]
    return answers


@pytest.mark.django_db
@pytest.mark.roadmap("auth/password-hashing", "auth/password-policy")
def test_no_flow_logs_a_password_or_a_link(
    alice: User, api: Api, letters_sent: LettersSent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = everything(alice, api, letters_sent)

    assert {answer.status_code for answer in answers} == {200, 201, 202, 204, 400, 401, 403, 422}
    logged = caplog.text + str([vars(record) for record in caplog.records])
    assert "eve@example.com" not in logged
    for secret in (RIGHT, WRONG, NEW, RIGHT[:11], alice.password, links.mark(links.PASSWORD_RESET, alice)):
        assert secret not in logged
