"""Where a request came from: what our own proxies say, and nothing that its sender made up."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import SecurityEvent, User


def guess_with(header: str) -> Any:
    body = {"email": "alice@example.com", "password": "wrong"}
    return APIClient().post("/api/v1/auth/token/", body, format="json", headers={"X-Forwarded-For": header})


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.1, 203.0.113.9", "203.0.113.9"),  # the left part is what the caller made up
        (2, "192.0.2.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # came around the first proxy
        (1, "", "127.0.0.1"),
        (1, "203.0.113.9, nonsense", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_callers_address_is_what_our_proxies_say(
    alice: User, settings: Any, proxies: int, header: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    guess_with(header)

    assert SecurityEvent.objects.latest("id").address == address


def test_forged_header_gives_no_more_tries(alice: User) -> None:
    answers = [guess_with(f"203.0.113.{number}").status_code for number in range(7)]

    assert answers == [401] * 5 + [429] * 2
