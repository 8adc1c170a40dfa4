"""A guesser with the five hundred likeliest passwords, the right one among them, against a running shop."""

import re
import statistics
from time import perf_counter

import httpx
import pytest

from accounts.cast import CAST
from deploy.local.stack import Stack

#: The one beside the twenty of the demo, whom this would lock out of it.
OWNER, RIGHT = "buyer-21@example.com", "crowd-shows-the-shop"
LIST = [f"password-{number}" for number in range(499)] + [RIGHT]


def log_in_by_page(browser: httpx.Client) -> int:
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/account/log-in/").text)
    assert token
    typed = {"email": OWNER, "password": RIGHT, "csrfmiddlewaretoken": token.group(1)}
    return browser.post("/account/log-in/", data=typed).status_code


@pytest.mark.serial
@pytest.mark.roadmap("security/broken-authentication")
@pytest.mark.asvs("6.3.1")
def test_guesser_does_not_get_in_and_the_owner_does(shop_stack: Stack) -> None:
    assert OWNER not in {person.email for person in CAST}, "others use the cast meanwhile"
    with (
        httpx.Client(base_url=shop_stack.url, trust_env=False) as browser,
        httpx.Client(base_url=shop_stack.url, trust_env=False) as guesser,
    ):
        assert log_in_by_page(browser) == 302

        answers, seconds = [], []
        for password in LIST:
            began = perf_counter()
            body = {"email": OWNER, "password": password}
            answers.append(guesser.post("/api/v1/auth/token/", json=body).status_code)
            seconds.append(perf_counter() - began)

        assert answers == [401] * 5 + [429] * 495
        assert log_in_by_page(browser) == 302
    assert statistics.median(seconds[5:]) < statistics.median(seconds[:5]) / 3, "nothing is hashed for the locked"
