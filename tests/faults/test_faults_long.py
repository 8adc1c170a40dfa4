"""The long forms: ten thousand purchases at a troubled provider, ten minutes without a broker, crash after crash.

Run them by `python -m pytest -m long -s tests/faults`; a table at the end says what was found.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from deploy.embedded import restart_postgres, restart_redis
from deploy.local.stack import Stack
from tests.faults.books import Books
from tests.faults.crowd import Crowd, Press, kinds, median
from tests.faults.mail_server import MailServer
from tests.faults.test_postgres_gone import EXPECTED as WITHOUT_POSTGRES
from tests.faults.test_postgres_gone import first_sale
from tests.faults.test_provider_faults import EXPECTED, TROUBLE
from tests.faults.test_redis_gone import outage, shopping

pytestmark = [pytest.mark.long, pytest.mark.serial, pytest.mark.timeout(7200)]
PURCHASES, OUTAGES, CRASHES = 10_000, 10, 25
Report = Callable[..., None]


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """One line per proof; printed when the last one is done."""
    table = Table(title="Faults, long form")
    for column in ("proof", "answers", "median", "figures", "lost mails", "double mails"):
        table.add_column(column)

    def add(proof: str, answers: list[Press], figures: str, mail_server: MailServer, books: Books) -> None:
        letters = {number: len(mail_server.letters_about(number)) for number in books.numbers("paid")}
        lost, double = (sum(count == 0 for count in letters.values()), sum(count > 1 for count in letters.values()))
        answered = ", ".join(f"{count} x {kind}" for kind, count in kinds(answers).most_common())
        table.add_row(proof, answered, f"{median(answers) * 1000:.0f} ms", figures, str(lost), str(double))
        assert lost == 0

    yield add
    Console(width=160).print(table)


@pytest.fixture(scope="module", autouse=True)
def more_workers(shop: Stack) -> Iterator[None]:
    """Each capture waits for a silent provider as long as a buyer does; two at a time would take hours."""
    names = [f"worker.{number}" for number in range(2, 5)]
    shop.start(*names)
    yield
    for name in names:
        shop[name].stop()
        del shop.processes[name]


def test_ten_thousand_purchases_at_a_troubled_provider(
    crowd: Crowd, books: Books, faults: Callable[..., Any], mail_server: MailServer, report: Report
) -> None:
    faults(**TROUBLE, seed=2026)

    answers = crowd.buy(PURCHASES)
    seconds = books.come_to_rest(3600)

    report("troubled provider", answers, f"at rest after {seconds:.0f} s", mail_server, books)
    assert set(kinds(answers)) <= EXPECTED
    paid = sum(press.status == 201 for press in answers)
    assert len(books.numbers("paid")) >= paid


def test_ten_minutes_without_a_broker(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer, report: Report
) -> None:
    answers, drained = [], []
    for _ in range(OUTAGES):
        answers += outage(shop, crowd, 60, lambda: None)
        drained.append(books.come_to_rest(300))

    figures = f"{OUTAGES} x 60 s, drained in {max(drained):.0f} s at most"
    report("no broker", answers, figures, mail_server, books)
    assert set(kinds(answers)) <= {"201", "202"}


@pytest.mark.parametrize(
    ("name", "crash", "expected"),
    [
        ("PostgreSQL", lambda folder: restart_postgres(folder, "immediate"), WITHOUT_POSTGRES),
        ("Redis", lambda folder: restart_redis(folder, "kill"), {"201", "202"}),
    ],
)
def test_crash_after_crash(
    shop: Stack, crowd: Crowd, books: Books, mail_server: MailServer, report: Report,
    name: str, crash: Callable[..., None], expected: set[str],
) -> None:  # fmt: skip
    backs = []
    with shopping(crowd, clients=8) as answers:
        for _ in range(CRASHES):
            time.sleep(3)
            crash(shop.directory)
            backs.append(time.monotonic())
        time.sleep(3)
    books.come_to_rest(300)

    slowest = max(first_sale(answers, back) for back in backs)
    report(f"crashes of {name}", answers, f"{CRASHES}, back in {slowest:.1f} s at most", mail_server, books)
    assert set(kinds(answers)) <= expected
    assert slowest < 5
