"""The pages that letters lead to: they do what the API does, and say what it refuses."""

import re

import pytest
from django.test import Client

from accounts.letters import LETTERS, links
from accounts.models import User
from tests.conftest import LettersSent

PAGES = "/account/"
GOOD = "a desk made of walnut"


@pytest.mark.roadmap("auth/user-authentication")
def test_stranger_becomes_a_customer_by_pages_alone(db: None, client: Client, letters_sent: LettersSent) -> None:
    asked = client.post(f"{PAGES}register/", {"email": "Eve@Example.com"})
    link = letters_sent()[0].body.partition("127.0.0.1:8000")[2].split()[0]
    page, _, token = link.partition("#")

    answer = client.post(page, {"token": token, "name": "Eve", "password": GOOD})

    assert (asked.status_code, answer.status_code, answer["Location"]) == (200, 302, "/account/log-in/")
    assert User.objects.get(email="eve@example.com").check_password(GOOD)
    assert "The account is made." in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("kind", [kind for kind, letter in LETTERS.items() if letter.page])
def test_every_link_in_a_letter_leads_to_a_page_with_a_place_for_its_token(kind: str, db: None, client: Client) -> None:
    page = client.get(f"{PAGES}{LETTERS[kind].page}/")

    assert 'name="token"' in page.content.decode()
    assert "accounts/link.js" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


@pytest.mark.roadmap("auth/user-authentication", "auth/password-policy")
def test_new_password_is_chosen_on_a_page_that_says_what_is_wrong(alice: User, client: Client) -> None:
    token = links.token(links.PASSWORD_RESET, user=alice.pk, mark=links.mark(links.PASSWORD_RESET, alice))

    weak, good, again = (
        client.post(f"{PAGES}new-password/", {"token": token, "password": password})
        for password in ("passwordpassword", GOOD, f"{GOOD}, too")
    )

    assert "too common" in weak.content.decode()
    assert "passwordpassword" not in weak.content.decode()
    assert good.status_code == 302
    assert "no longer good" in again.content.decode()
    assert User.objects.get().check_password(GOOD)


def test_account_moves_on_a_page(alice: User, client: Client) -> None:
    said = {"user": alice.pk, "email": "new@example.com", "mark": links.mark(links.EMAIL_CHANGE, alice)}

    client.post(f"{PAGES}new-address/", {"token": links.token(links.EMAIL_CHANGE, **said)})

    assert User.objects.get().email == "new@example.com"


def test_page_answers_the_same_for_known_and_unknown(alice: User, client: Client) -> None:
    answers = {
        re.sub(rb'nonce="[^"]+"', b"nonce", client.post(f"{PAGES}forgotten-password/", {"email": email}).content)
        for email in (alice.email, "nobody@example.com")
    }

    assert len(answers) == 1


@pytest.mark.parametrize("token", ["", "nonsense", "a\x00b", "x" * 2000])
def test_token_that_is_none_is_refused_in_words(token: str, alice: User, client: Client) -> None:
    page = client.post(f"{PAGES}new-password/", {"token": token, "password": GOOD})

    assert page.status_code == 200
    assert 'class="wrong"' in page.content.decode()
