"""The confirmation as it arrives: on a real mail server, in both parts, and once although the server was busy twice."""

import pytest

from tests.crashes.crash_shop import CrashShop

pytestmark = [pytest.mark.serial, pytest.mark.timeout(120)]


@pytest.mark.roadmap("commerce/transactional-email", "messaging/idempotent-tasks-and-retries")
def test_letter_refused_twice_arrives_once_and_whole(crash_shop: CrashShop) -> None:
    [buyer] = crash_shop.admit(1, prefix="busy-2-")

    number = crash_shop.sell(buyer)
    crash_shop.wait_for_rest()

    [mail] = [mail for mail in crash_shop.mails() if mail["to"] == f"{buyer.victim}@crash.example"]
    assert mail["id"].startswith(f"<order-{number}@")
    assert set(mail["parts"]) == {"text/plain", "text/html"}
    assert all(number in part and "CRASH" not in mail["subject"] for part in mail["parts"].values())
    tries = "SELECT attempts FROM orders_outboxmessage m JOIN orders_order o ON m.payload ->> 'order' = o.id::text"
    assert crash_shop.rows(f"{tries} WHERE o.number = %s AND m.topic LIKE 'mail.%%'", number) == [(3,)]
