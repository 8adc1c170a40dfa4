"""A payment provider that loses requests, loses answers, breaks down, and tells its news late, twice, in disorder."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.books import Books
from tests.faults.crowd import Crowd, kinds
from tests.faults.mail_server import MailServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

#: R6 of the goals: 30 % timeouts, half of them charged; 10 % errors, half of them charged.
TROUBLE = {
    "timeout_before_charge": 0.15,
    "timeout_after_charge": 0.15,
    "error_500_before": 0.05,
    "error_500_after": 0.05,
    "hang_seconds": 5,
    "webhook_duplicates": 1,
    "webhook_delay_ms": 500,
    "webhook_shuffle": True,
    "webhook_bad_signature": 0.2,
}
EXPECTED = {"201", "202", "402 payment-declined", "503 payment-unavailable", "409 order-closed"}


@pytest.mark.roadmap("commerce/external-services", "commerce/payment-gateway")
def test_troubled_provider_never_charges_twice_and_everything_converges(
    crowd: Crowd, books: Books, faults: Callable[..., Any], mail_server: MailServer
) -> None:
    faults(**TROUBLE, seed=6)

    answers = crowd.buy(40)
    seconds = books.come_to_rest(60)

    print(kinds(answers), f"at rest after {seconds:.1f} s")
    assert set(kinds(answers)) <= EXPECTED
    for press in answers:
        if press.status in {201, 202}:
            assert books.order(press.number) in {("paid", "captured"), ("cancelled", "voided")}
