"""Every place at which a process of the shop is killed, by name, with what must come of the order afterwards.

    buy        the web process, from the key to the answer      relay      between the outbox and the broker
    mail, capture, void, refund, hear     the worker, in each task, before and after the neighbour is called
    together   the worker, in a task that carries two messages
    worker     a real Celery worker, before the task and before its acknowledgement
    webhook    the web process, when the provider calls          reconcile  the periodic question

`ends` is how the order ends when nobody presses the button again; None: there never was one and the cart is full.
"""

from typing import NamedTuple

from tests.crashes.tracer import COMMITTED, COMMITTING, Waypoint, back, call

GATEWAY = "orders.gateways:StripeGateway"
SENT = call("urllib3.connection:HTTPConnection.getresponse")
READ = back("urllib3.connection:HTTPConnection.getresponse")
RESERVED, SOLD, RELEASED = back("shop.stock:reserve"), back("shop.stock:commit"), back("shop.stock:release")
DECLINED, BROKEN = "pm_card_chargeDeclined", "pm_fault_error500AfterCharge"


class Step(NamedTuple):
    """One place to die at."""

    name: str
    play: str
    path: tuple[Waypoint, ...]
    ends: str | None = "paid"
    method: str = "pm_card_visa"
    may_repeat_mail: bool = False


def _of(play: str, ends: str | None, **places: tuple[Waypoint, ...]) -> list[Step]:
    return [Step(f"{play}: {name.replace('_', ' ')}", play, path, ends) for name, path in places.items()]


STEPS: list[Step] = [
    *_of(
        "relay", "paid",
        rows_marked_and_none_published=(call("orders.tasks:publish"),),
        one_published=(back("orders.tasks:publish"),),
        all_published=(back("orders.outbox.relaying:publish_due"),),
    ),
    *_of(
        "buy", None,
        before_the_key=(call("orders.idempotency:claim"),),
        key_claimed=(back("orders.idempotency:claim"),),
        cart_taken=(back("orders.cart:take"),),
        order_written=(back("orders.book:enter"),),
        stock_reserved=(RESERVED,),
        opening_before_commit=(RESERVED, COMMITTING),
    ),
    *_of(
        "buy", "paid",
        opening_committed=(RESERVED, COMMITTED),
        before_the_charge=(call(f"{GATEWAY}.authorize"),),
        charge_half_sent=(call(f"{GATEWAY}.authorize"), back("http.client:HTTPConnection.endheaders")),
        charge_sent_and_no_answer_read=(call(f"{GATEWAY}.authorize"), SENT),
        charged_and_answer_half_read=(call(f"{GATEWAY}.authorize"), READ),
        answer_known=(back(f"{GATEWAY}.authorize"),),
        before_the_record=(call("orders.settlement:settle"), call("orders.book:record")),
        recorded_and_stock_not_sold=(call("shop.stock:commit"),),
        stock_sold=(SOLD,),
        confirmation_before_commit=(SOLD, COMMITTING),
        confirmation_committed=(SOLD, COMMITTED),
        answer_ready_and_not_sent=(back("orders.checkout:place_order"),),
    ),
    Step("buy: refusal before commit", "buy", (RELEASED, COMMITTING), "declined", DECLINED),
    Step("buy: refusal committed", "buy", (RELEASED, COMMITTED), "declined", DECLINED),
    Step("buy: provider charged and said 500", "buy", (call("orders.idempotency:keep"),), method=BROKEN),
    *_of(
        "mail", "paid",
        claimed=(call("orders.mail:send_confirmation"),),
        before_it_is_handed_over=(call("smtplib:SMTP.data"),),
    ),
    # The one window in which nobody can know: the mail may be there twice, under one name.
    Step(
        "mail: handed over and 250 not read", "mail",
        (call("smtplib:SMTP.data"), back("smtplib:SMTP.getreply"), call("smtplib:SMTP.getreply")), may_repeat_mail=True,
    ),
    Step("mail: 250 read and not marked done", "mail", (back("orders.mail:send_confirmation"),), may_repeat_mail=True),
    *_of(
        "worker", "paid",
        delivered_and_not_begun=(call("orders.outbox.work:perform"),),
        done_and_not_acknowledged=(
            back("orders.outbox.work:perform"), call("celery.worker.request:Request.acknowledge"),
        ),
    ),
    *_of(
        "capture", "paid",
        announced=(call(f"{GATEWAY}.capture"),),
        sent_and_no_answer_read=(call(f"{GATEWAY}.capture"), SENT),
        taken_and_not_written_down=(call("orders.payments:_finish"),),
        written_down_and_not_done=(back("orders.payments:capture"),),
    ),
    *_of(
        "together", "paid",
        claimed_and_none_begun=(back("orders.outbox.claims:claim"),),
        one_done_and_one_begun=(call(f"{GATEWAY}.capture"),),
        all_done_and_none_written_down=(call("orders.outbox.claims:finish"),),
        all_written_down=(back("orders.outbox.claims:finish"),),
    ),
    *_of(
        "void", "cancelled",
        asked_and_not_sent=(call(f"{GATEWAY}.void"),),
        sent_and_no_answer_read=(call(f"{GATEWAY}.void"), SENT),
        let_go_and_not_written_down=(call("orders.payments:_finish"),),
    ),
    *_of(
        "refund", "cancelled",
        sent_and_no_answer_read=(call(f"{GATEWAY}.refund"), READ, SENT),  # the first call asks what was given back
        given_back_and_not_written_down=(call("orders.payments:_refunded"),),
        written_down_and_not_done=(back("orders.payments:refund"),),
    ),
    *_of(
        "webhook", "paid",
        before_it_is_stored=(call("orders.payments:receive_webhook"),),
        stored_and_not_answered=(back("orders.payments:receive_webhook"),),
    ),
    *_of(
        "hear", "paid",
        provider_asked=(call("orders.settlement:settle"),),
        settled_and_not_done=(back("orders.payments:hear"),),
    ),
    *_of(
        "reconcile", "paid",
        provider_asked=(call("orders.settlement:settle"),),
        before_commit=(SOLD, COMMITTING),
        settled=(SOLD, COMMITTED),
    ),
]  # fmt: skip

#: The same harness on two shops that are built wrong: it must see what they lose.
WRONG: list[Step] = [
    Step("textbook: charged and not recorded", "textbook", (back(f"{GATEWAY}.authorize"),)),
    Step("unboxed: committed and mail not queued", "unboxed", (SOLD, COMMITTED)),
]

#: Nobody dies: a buyer with a full cart, for tests that press the button themselves.
GUEST = Step("guest", "stay", ())
