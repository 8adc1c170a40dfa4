"""The mail server is away, turns letters away or takes its time: the buyer does not notice, and no letter is lost."""

import pytest

from deploy.demo.browser import Browser
from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd, median
from tests.faults.mail_server import MailServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
WAITING = "FROM orders_outboxmessage WHERE topic = 'mail.order_confirmation' AND done_at IS NULL"


@pytest.mark.roadmap("messaging/why-async", "commerce/transactional-email")
@pytest.mark.parametrize("mood", ["away", "turns letters away", "slow"])
def test_purchase_takes_no_longer_and_the_letter_comes_later(
    crowd: Crowd, books: Books, mail_server: MailServer, mood: str
) -> None:
    usual = median(crowd.buy(6, clients=1))
    if mood == "away":
        mail_server.close()
    mail_server.turns_away, mail_server.seconds = mood == "turns letters away", 3.0 if mood == "slow" else 0.0

    answers = crowd.buy(6, clients=1)
    assert wait_until(lambda: books.one(f"SELECT max(attempts) {WAITING}") or mood == "slow", 10)
    mail_server.be_kind()
    mail_server.open()
    books.come_to_rest(60)

    print(f"mail server {mood}: {median(answers) * 1000:.0f} ms instead of {usual * 1000:.0f} ms")
    assert {press.status for press in answers} <= {201, 202}
    assert median(answers) < usual * 2 + 0.1
    assert [len(mail_server.letters_about(press.number)) for press in answers] == [1] * len(answers)


@pytest.mark.roadmap("messaging/idempotent-tasks-and-retries")
def test_letter_that_is_turned_away_waits_longer_each_time(crowd: Crowd, books: Books, mail_server: MailServer) -> None:
    mail_server.turns_away = True
    crowd.buy(1, clients=1)

    pauses = {}
    pause = f"SELECT attempts, extract(epoch FROM due_at - now()), error {WAITING} AND claimed_until IS NULL"
    while len(pauses) < 3:
        for attempts, seconds, error in books.ask(f"{pause} AND attempts > 0"):
            pauses.setdefault(attempts, float(seconds))
            assert "451" in error

    assert pauses[3] > pauses[1]
    assert 2.5 < pauses[3] < 5.1


@pytest.mark.roadmap("messaging/dead-letter-queue")
def test_dead_letter_is_set_aside_alone_and_replayed_from_the_admin(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer
) -> None:
    mail_server.turns_away = True
    crowd.buy(1, clients=1)
    resting = (
        f"SELECT id {WAITING} AND attempts > 0 AND claimed_until IS NULL"  # whose attempt ends would write its own
    )
    last_attempt = f"UPDATE orders_outboxmessage SET attempts = 23, due_at = now() WHERE id = ({resting}) RETURNING 1"
    assert wait_until(lambda: bool(books.ask(last_attempt)), 10)
    dead = "SELECT id, error FROM orders_outboxmessage WHERE dead_at IS NOT NULL"
    assert wait_until(lambda: bool(books.ask(dead)), 15)
    [(poison, error)] = books.ask(dead)
    books.come_to_rest(30)  # the others went their way

    mail_server.be_kind()
    page = replay(shop, str(poison))
    books.come_to_rest(30)

    assert "451" in error
    assert "1 messages will be tried again" in page
    assert books.ask(dead) == []


def replay(shop: Stack, message: str) -> str:
    """What carol does: log in to the admin, select the message, choose the action. Returns the page that she sees."""
    messages = "/admin/orders/outboxmessage/"
    carol = Browser(shop.url, "carol", to=messages)
    assert message in carol.page.text
    page = carol.fill(action="replay", _selected_action=message, index="0").text
    carol.close()
    return page
