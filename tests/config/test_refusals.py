"""What people see where programs get a problem."""

import pytest
from django.test import Client

from tests.answers import assert_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def test_browser_at_a_wrong_address_gets_a_page_and_a_program_a_problem(client: Client) -> None:
    page = client.get("/account/nowhere/", headers=BROWSER)

    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address." in page.content.decode()
    assert_problem(client.get("/account/nowhere/"), 404, "not-found")
    assert_problem(client.get("/api/v1/nowhere/", headers=BROWSER), 404, "not-found")


@pytest.mark.django_db
def test_form_without_our_token_is_refused_with_a_page_of_ours() -> None:
    strict = Client(enforce_csrf_checks=True)

    page = strict.post("/account/log-in/", {"email": "alice@example.com", "password": "x"}, headers=BROWSER)

    assert page.status_code == 403
    assert "another site has sent it" in page.content.decode()
    assert_problem(strict.post("/account/log-in/"), 403, "not-allowed")
