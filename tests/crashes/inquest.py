"""What became of the orders whose processes died: read from the tables, the provider's book and the mail ledger.

Nothing here trusts an answer of the shop: the shop's books are asked by SQL, money at the provider, mails where they
arrived. `manage.py audit --at-rest` looks at everything else.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx

from deploy.embedded import ServerTrouble
from tests.crashes.crash_shop import Case, CrashShop

#: Seconds within which the shop must have repaired everything by itself.
RECOVERY = 30
FATE = """
SELECT o.buyer_id, o.number, o.status,
    EXISTS (SELECT FROM orders_orderevent paid WHERE paid.order_id = o.id AND paid.type = 'OrderPaid'),
    extract(epoch FROM greatest(
        (SELECT max(at) FROM orders_orderevent event WHERE event.order_id = o.id),
        (SELECT max(done_at) FROM orders_outboxmessage message WHERE (message.payload ->> 'order')::bigint = o.id
            OR message.payload ->> 'event' = 'evt_' || split_part(buyer.email, '@', 1)
            OR message.payload ->> 'refund' IN (SELECT refund.id::text FROM orders_refund refund
                JOIN orders_payment payment ON payment.id = refund.payment_id WHERE payment.order_id = o.id))))
FROM orders_order o JOIN accounts_user buyer ON buyer.id = o.buyer_id WHERE buyer.email LIKE '%@crash.example'
"""


class Fate(NamedTuple):
    """One order as it stands at rest, and when the last thing happened to it."""

    buyer: int
    number: str
    status: str
    was_paid: bool
    settled_at: float


class Finding(NamedTuple):
    """What is wrong with one case."""

    case: Case
    what: str

    def __str__(self) -> str:
        return f"{self.case.step.name} ({'retried' if self.case.retried else 'not retried'}): {self.what}"


class Evidence(NamedTuple):
    """All that the three books say."""

    orders: dict[int, list[Fate]]
    mails: Counter[str]
    charges: Counter[str]
    carts: dict[int, int]


def retry(shop: CrashShop, cases: Iterable[Case]) -> list[Finding]:
    """Press the button again with the same key until it is answered, then once more: the same order, byte for byte."""
    with ThreadPoolExecutor(8) as buyers:
        found = list(buyers.map(lambda case: _retry(shop, case), cases))
    return [finding for findings in found for finding in findings]


def _retry(shop: CrashShop, case: Case) -> list[Finding]:
    case.retried = True
    shopper = shop.shopper(case)
    answer = _answered(lambda: shopper.buy(case.victim, method=case.step.method))
    again = shopper.buy(case.victim, method=case.step.method)
    orders = shop.rows("SELECT number FROM orders_order WHERE buyer_id = %s", case.buyer)
    shopper.close()
    expected = {402} if case.step.ends == "declined" else {201, 202}  # 202: the provider is still silent
    if answer.status_code not in expected or len(orders) != 1 or orders[0][0] not in answer.text:
        return [Finding(case, f"the retry got {answer.status_code} for {orders}: {answer.text[:300]}")]
    if (again.status_code, again.content) != (answer.status_code, answer.content):
        return [Finding(case, f"the second retry differs: {again.status_code} {again.text[:300]}")]
    return []


def _answered(press: Callable[[], httpx.Response]) -> httpx.Response:
    """As a patient client does it: 409 means that the first request may still run."""
    for _ in range(60):
        answer = press()
        if answer.status_code != 409 or "in-progress" not in answer.text:
            return answer
        time.sleep(0.5)
    return answer


def judge(shop: CrashShop, cases: Iterable[Case]) -> list[Finding]:
    """Hold each case against what its step promises."""
    evidence = gather(shop)
    return [Finding(case, what) for case in cases for what in _faults(case, evidence)]


def gather(shop: CrashShop) -> Evidence:
    orders: dict[int, list[Fate]] = {}
    for row in shop.rows(FATE):
        orders.setdefault(row[0], []).append(Fate(*row[:4], float(row[4])))
    mails = Counter(re.sub(r"^<order-|@.*$", "", mail["id"]) for mail in shop.mails())
    ledger: list[dict[str, Any]] = httpx.get(f"{shop.stack.provider_url}/_ledger").raise_for_status().json()
    held = [intent for intent in ledger if intent["status"] in {"requires_capture", "succeeded"}]
    charges = Counter(intent["metadata"].get("order", "") for intent in held)
    carts = "SELECT user_id, count(*) FROM orders_cart c JOIN orders_cartline l ON l.cart_id = c.id GROUP BY 1"
    return Evidence(orders, mails, charges, {user: lines for user, lines in shop.rows(carts) if user})


def _faults(case: Case, evidence: Evidence) -> Iterable[str]:
    orders, ends = evidence.orders.get(case.buyer, []), case.step.ends
    if ends is None and case.retried:
        ends = "paid"
    if (ends is None, bool(evidence.carts.get(case.buyer))) not in {(True, True), (False, ends == "declined")}:
        yield f"the cart holds {evidence.carts.get(case.buyer, 0)} lines"
    if [fate.status for fate in orders] != ([ends] if ends else []):
        yield f"the orders are {orders}, expected {ends}"
    for fate in orders:
        mails, charges = evidence.mails[fate.number], evidence.charges[fate.number]
        if mails not in ({1, 2} if case.step.may_repeat_mail else {int(fate.was_paid)}):
            yield f"{fate.number} has {mails} mails"
        if charges > 1 or (fate.status == "paid" and not charges):
            yield f"{fate.number} has {charges} charges"
    if (seconds := recovery(case, evidence)) > RECOVERY and not case.retried:
        yield f"came to rest after {seconds:.1f} s"


def recovery(case: Case, evidence: Evidence) -> float:
    """Seconds from the death until the last thing happened; 0 when it left nothing to repair."""
    return max([fate.settled_at - case.died_at for fate in evidence.orders.get(case.buyer, [])] + [0.0])


def audit(shop: CrashShop) -> str:
    """What the auditor complains about; empty when all the books agree."""
    try:
        shop.stack.manage("audit", "--at-rest")
    except ServerTrouble as trouble:
        return str(trouble)
    return ""
