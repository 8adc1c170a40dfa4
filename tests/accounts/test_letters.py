"""Letters: promised without a look at the address, written when they leave, their heads free of strangers' words."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction

from accounts import letters, tokens
from accounts.errors import TokenReused
from accounts.letters import links
from accounts.models import TokenFamily, User
from accounts.security_events import NOWHERE, Origin
from orders import outbox
from orders.models import OutboxMessage
from orders.tasks import CONSUMERS
from tests.conftest import LettersSent

pytestmark = pytest.mark.django_db
FACTS = {"user": 0, "method": "an authenticator app", "until": "after 12:30 UTC", "when": "now", "address": "192.0.2.7"}


@pytest.fixture(autouse=True)
def first_letters() -> None:
    cache.clear()


def sent(kind: str, to: str, mailoutbox: list[EmailMessage], **facts: Any) -> EmailMessage:
    letters.deliver(name="n", kind=kind, to=to, facts=FACTS | facts)
    return mailoutbox[-1]


@pytest.mark.roadmap("commerce/transactional-email")
@pytest.mark.parametrize("kind", letters.LETTERS)
def test_every_letter_says_when_from_where_and_what_to_do(
    kind: str, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    to = "new@example.com" if kind in {"registration", "email_change"} else alice.email

    letter = sent(kind, to, mailoutbox, user=alice.pk)

    assert (letter.to, letter.subject) == ([to], letters.LETTERS[kind].subject)
    assert "That was on now, from the address 192.0.2.7." in letter.body
    assert "{" not in letter.body
    assert "If " in letter.body
    assert letter.body.startswith("Hello Alice," if to == alice.email else "Hello,")
    assert ("/account/" in letter.body) == bool(letters.LETTERS[kind].purpose)


@pytest.mark.parametrize(
    ("asked", "to", "subjects"),
    [
        ("registration", "alice@example.com", ["You already have an account"]),
        ("registration", "new@example.com", ["Confirm your e-mail address"]),
        ("password_reset", "alice@example.com", ["Choose a new password"]),
        ("password_reset", "new@example.com", []),
        ("locked", "alice@example.com", ["Logging in to your account is paused"]),
        ("locked", "new@example.com", []),  # strangers' addresses are guessed at, too
        ("email_change", "alice@example.com", ["This e-mail address already has an account"]),
        ("email_change", "new@example.com", []),  # the account that asked is gone
    ],
)
def test_letter_that_leaves_is_the_one_that_fits_the_address_by_then(
    asked: str, to: str, subjects: list[str], alice: User, mailoutbox: list[EmailMessage]
) -> None:
    letters.deliver(name="n", kind=asked, to=to, facts=FACTS)

    assert [letter.subject for letter in mailoutbox] == subjects


def test_closed_account_gets_no_new_password(alice: User, mailoutbox: list[EmailMessage]) -> None:
    User.objects.update(is_active=False)

    letters.deliver(name="n", kind="password_reset", to=alice.email, facts=FACTS)

    assert mailoutbox == []


@pytest.mark.roadmap("messaging/transactional-outbox")
def test_letter_is_promised_by_the_commit_and_holds_no_secret_until_it_leaves(
    alice: User, letters_sent: LettersSent
) -> None:
    with transaction.atomic():
        letters.post("password_reset", to=alice.email)
        transaction.set_rollback(True)
    letters.post("password_reset", to=alice.email, origin=Origin("192.0.2.7", "<evil agent>"))

    lying = json.dumps(OutboxMessage.objects.get().payload)
    [letter] = letters_sent()

    token = letter.body.partition("#")[2].split()[0]
    assert links.read(links.PASSWORD_RESET, token)["user"] == alice.pk
    assert token not in lying
    assert "mark" not in lying
    assert "evil" not in lying + letter.body


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_letter_has_one_name_however_often_it_is_sent(alice: User, mailoutbox: list[EmailMessage]) -> None:
    for _ in range(2):
        letters.post("password_changed", to=alice.email)
    for message in [*OutboxMessage.objects.all()] * 2:
        CONSUMERS[message.topic](message.payload)

    assert [len({letter.extra_headers["Message-ID"] for letter in mailoutbox}), len(mailoutbox)] == [2, 4]


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_mail_server_that_is_away_delays_the_letter_and_nobody_else(alice: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    token = tokens.log_in(alice, methods=["pwd"], origin=NOWHERE).refresh
    tokens.refresh(token, origin=NOWHERE)

    with pytest.raises(TokenReused):
        tokens.refresh(token, origin=NOWHERE)
    assert not TokenFamily.objects.open().exists()
    message = OutboxMessage.objects.waiting().get()
    assert not outbox.perform(message.pk, CONSUMERS)
    assert OutboxMessage.objects.waiting().get().error.startswith("ConnectionRefusedError")


@pytest.mark.parametrize("name", ["Eve\r\nBcc: all@example.com", "Eve & <b>Adam</b>"])
def test_name_stays_in_the_text(name: str, alice: User, mailoutbox: list[EmailMessage]) -> None:
    User.objects.update(name=name)

    letter = sent("password_changed", alice.email, mailoutbox)

    assert name.splitlines()[-1] in letter.body
    assert not letter.message()["Bcc"]
    assert letter.recipients() == [alice.email]


@pytest.mark.parametrize("to", ["eve@example.com\nBcc: all@example.com", "eve@example.com\r\n\r\nHello"])
def test_address_that_would_write_a_header_gets_no_letter(to: str, mailoutbox: list[EmailMessage]) -> None:
    with pytest.raises(ValueError, match="newlines"):
        sent("registration", to, mailoutbox)


@pytest.mark.roadmap("auth/user-authentication")
def test_nobody_fills_a_mailbox_by_asking_again(alice: User, mailoutbox: list[EmailMessage]) -> None:
    for name in ("first", "second", "first"):  # the third is the first once more, after a crash
        letters.deliver(name=name, kind="password_reset", to=alice.email, facts=FACTS)
    letters.deliver(name="third", kind="registration", to=alice.email, facts=FACTS)
    letters.deliver(name="fourth", kind="password_changed", to=alice.email, facts=FACTS)
    letters.deliver(name="fifth", kind="password_changed", to=alice.email, facts=FACTS)

    names = [letter.extra_headers["Message-ID"].split("-")[1].split("@")[0] for letter in mailoutbox]
    assert names == ["first", "first", "third", "fourth", "fifth"]


def test_letter_of_an_unknown_kind_is_a_mistake_at_once() -> None:
    with pytest.raises(AssertionError):
        letters.post("lottery", to="alice@example.com")
