"""Does the inquest see anything at all? Two shops that are built wrong die at the same places, and are found out.

Each test puts the books in order afterwards: the shop is shared with the other crash tests.
"""

import httpx
import pytest

from tests.crashes.crash_shop import Case, CrashShop
from tests.crashes.inquest import audit, judge
from tests.crashes.steps import WRONG, Step

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180)]
TEXTBOOK, UNBOXED = WRONG
WRITE_THE_MAIL_DOWN = """
INSERT INTO orders_outboxmessage (id, topic, payload, created_at, due_at, publications, attempts, error)
SELECT gen_random_uuid(), 'mail.order_confirmation', jsonb_build_object('order', id), now(), now(), 0, 0, ''
FROM orders_order WHERE buyer_id = %s RETURNING 1
"""


def crash(shop: CrashShop, step: Step) -> tuple[Case, list[str], str]:
    [case] = shop.kill_at([step])
    shop.wait_for_rest()
    return case, [finding.what for finding in judge(shop, [case])], audit(shop)


@pytest.mark.roadmap("commerce/purchase-flow")
def test_textbook_order_takes_money_without_an_order(crash_shop: CrashShop) -> None:
    _case, faults, complaint = crash(crash_shop, TEXTBOOK)
    try:
        assert any("expected paid" in fault for fault in faults)
        assert "charged without an order" in complaint
    finally:
        give_back_what_belongs_to_nobody(crash_shop)
    assert audit(crash_shop) == ""


@pytest.mark.roadmap("messaging/transactional-outbox")
def test_mail_queued_after_the_commit_is_lost(crash_shop: CrashShop) -> None:
    case, faults, complaint = crash(crash_shop, UNBOXED)
    try:
        assert [fault for fault in faults if fault.endswith("has 0 mails")]
        assert "I7" in complaint
    finally:
        crash_shop.rows(WRITE_THE_MAIL_DOWN, case.buyer)
        crash_shop.wait_for_rest()
    assert audit(crash_shop) == ""


def give_back_what_belongs_to_nobody(shop: CrashShop) -> None:
    ours = {payment for (payment,) in shop.rows("SELECT id::text FROM orders_payment")}
    key = {"Authorization": f"Bearer {shop.stack.env['PAYMENT_API_KEY']}"}
    for intent in httpx.get(f"{shop.stack.provider_url}/_ledger").json():
        if intent["metadata"].get("payment") not in ours and intent["status"] == "requires_capture":
            url = f"{shop.stack.provider_url}/v1/payment_intents/{intent['id']}/cancel"
            httpx.post(url, headers=key).raise_for_status()
