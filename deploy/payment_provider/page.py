"""The provider's book as a page for people: the newest payments, what became of them, and what the shop was told.

Roadmap: commerce/payment-gateway
"""

from datetime import UTC, datetime
from html import escape
from typing import Any, NamedTuple

from deploy.payment_provider.faults import Switches
from deploy.payment_provider.tables import Intent

STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #e3e8ee; --back: #f7f9fc; --card: #fff;
        --good: #0e6245; --held: #7a4b00; --bad: #a41c4e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --soft: #98a2b3; --line: #2c3340; --back: #12161f;
        --card: #1a202c; --good: #6bd3a4; --held: #f1c36d; --bad: #ff8fab; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem clamp(1rem, 4vw, 3rem); background: var(--back); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; }
p { color: var(--soft); margin: .3rem 0 1.2rem; max-width: 70ch; }
p.faults { color: var(--bad); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; white-space: nowrap; }
th, td { padding: .55rem .9rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.still { white-space: nowrap; }
.money { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.status { font-weight: 600; }
.succeeded { color: var(--good); } .requires_capture { color: var(--held); }
.requires_payment_method, .canceled, .undelivered { color: var(--bad); }
small, code { font-size: .8rem; color: var(--soft); } code { font-family: ui-monospace, monospace; }
"""
HEAD = "When|Order and payment|Status and card|Amount|Captured|Refunded|Told to the shop"
MONEY = {"Amount", "Captured", "Refunded"}


class Opened(NamedTuple):
    intents: list[Intent]
    news: dict[str, list[dict[str, Any]]]
    total: int
    undelivered: int


def render(book: Opened, switches: Switches) -> str:
    rows = "".join(row(intent, book.news[intent.id]) for intent in book.intents)
    empty = '<tr><td colspan="7">Nothing yet. Buy something.</td></tr>'
    heads = "".join(f"<th{' class=money' if name in MONEY else ''}>{name}</th>" for name in HEAD.split("|"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>The payment provider\'s book</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
        "<h1>The payment provider&rsquo;s book</h1>"
        f"<p>{book.total} payments, the newest {len(book.intents)} below; "
        f"webhooks still to be brought: {book.undelivered}. "
        f"This is the neighbour&rsquo;s own record: the shop cannot write here.</p>{turned_on(switches)}"
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows or empty}</tbody></table></div></html>'
    )


def turned_on(switches: Switches) -> str:
    turned = switches.model_dump(exclude_defaults=True, exclude={"seed"})
    said = ", ".join(f"{name} {value}" for name, value in turned.items())
    return f'<p class="faults">Faults are on: {escape(said)}.</p>' if turned else ""


def row(intent: Intent, news: list[dict[str, Any]]) -> str:
    at = datetime.fromtimestamp(intent.created, UTC)
    error = intent.last_payment_error or {}
    card = (intent.payment_method or "no card yet").removeprefix("pm_card_")
    why = f"declined: {words(error['decline_code'])}" if error else card
    parts = [money(refund.amount, intent.currency) for refund in intent.refunds if len(intent.refunds) > 1]
    return (
        f'<tr><td class="still"><small>{at:%d %b %H:%M:%S}</small></td>'
        f"<td>{escape(intent.notes.get('order', '-'))}<br><code>{escape(intent.id)}</code></td>"
        f'<td><span class="status {intent.status}">{words(intent.status)}</span>'
        f"<br><small>{escape(why)}</small></td>"
        f'<td class="money">{money(intent.amount, intent.currency)}</td>'
        f'<td class="money">{money(intent.amount_captured, intent.currency)}</td>'
        f'<td class="money">{money(intent.amount_refunded, intent.currency)}'
        f"{''.join(f'<br><small>{part}</small>' for part in parts)}</td>"
        f"<td>{'<br>'.join(told(delivery) for delivery in reversed(news))}</td></tr>"
    )


def words(name: str) -> str:
    return escape(name.replace("_", " "))


def money(amount: int, currency: str) -> str:
    return f"{amount / 100:,.2f} {escape(currency.upper())}" if amount else ""


def told(delivery: dict[str, Any]) -> str:
    kind = words(delivery["type"].removeprefix("payment_intent."))
    tries = len(delivery["attempts"])
    if delivery["delivered_at"] is None:
        last = delivery["attempts"][-1] if tries else {}
        why = last.get("status") or (last.get("error") or "").partition(":")[0] or "waiting"
        return f'<small class="undelivered">{kind}: not yet ({escape(str(why))}, tries: {tries})</small>'
    return f"<small>{kind}{f' (tries: {tries})' if tries > 1 else ''}</small>"
