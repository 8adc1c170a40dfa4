"""A worker that is told to stop finishes the letter in its hands; one that is killed has it written a second time."""

import signal

import pytest

from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd
from tests.faults.mail_server import MailServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
ATTEMPTS = "SELECT max(attempts) FROM orders_outboxmessage WHERE topic = 'mail.order_confirmation' AND created_at > %s"
NOW = "SELECT now()"


@pytest.mark.roadmap("messaging/background-workers")
def test_letter_in_hand_is_finished_before_the_worker_ends(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    before, presses = books.one(NOW), hand_over_letters(crowd, mail_server)

    shop["mail"].signal(signal.SIGTERM)
    shop["mail"].wait(30)
    assert shop["mail"].exit_code == 0
    start_again(shop, books, mail_server)

    assert books.one(ATTEMPTS, before) == 1  # nobody had to write any of them again
    assert [len(mail_server.letters_about(number)) for number in presses] == [1] * len(presses)


def test_control_killed_worker_leaves_a_letter_to_be_written_again(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    before, presses = books.one(NOW), hand_over_letters(crowd, mail_server)

    shop["mail"].kill()
    start_again(shop, books, mail_server)

    assert books.one(ATTEMPTS, before) == 2
    assert all(mail_server.letters_about(number) for number in presses)


def hand_over_letters(crowd: Crowd, mail_server: MailServer) -> list[str]:
    """Four purchases; returns their numbers when the first letter is being taken, which takes two seconds."""
    mail_server.seconds = 2.0
    presses = crowd.buy(4, clients=1)
    assert wait_until(lambda: bool(mail_server.at_the_door), 20)
    return [press.number for press in presses]


def start_again(shop: Stack, books: Books, mail_server: MailServer) -> None:
    mail_server.be_kind()
    shop.start("mail")
    books.come_to_rest(90)
