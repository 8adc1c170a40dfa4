"""What the real provider does not have: its whole book for an audit, its webhook attempts, and the fault switches.

    GET /_ledger   GET /_deliveries   GET /_health   GET/PUT/DELETE /_faults   DELETE /_ledger   and the page at /

Open to anybody who reaches the port; so bind it to loopback, as the Procfile does.

Roadmap: orm/sqlalchemy, frameworks/fastapi
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, selectinload

from deploy.payment_provider.book import Book
from deploy.payment_provider.faults import Faults, Switches
from deploy.payment_provider.page import Opened, render
from deploy.payment_provider.tables import Attempt, Delivery, Event, Intent, Page, Refund

router = APIRouter()
NEWEST = 100


@router.get("/_ledger")
async def ledger(request: Request) -> list[dict[str, Any]]:
    """The whole book, oldest first, from one snapshot; amounts in minor units."""
    book: Book = request.app.state.provider.book
    return await book.read(read_ledger)


@router.delete("/_ledger", status_code=204)
async def empty_ledger(request: Request) -> None:
    """A new book with nothing in it, for a test that wants to start from nothing.

    Answers when the webhooks of the old book that were already on the way have arrived: none comes later.
    """
    await request.app.state.provider.book.write(tear_out)
    await request.app.state.provider.courier.come_home()


@router.get("/_deliveries")
async def deliveries(
    request: Request, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000, payment_intent: str | None = None
) -> list[dict[str, Any]]:
    """The newest webhook deliveries with what came of them, newest first."""
    book: Book = request.app.state.provider.book
    return await book.read(lambda session: read_deliveries(session, limit, payment_intent))


@router.get("/_health")
async def health(request: Request) -> dict[str, Any]:
    """200 once the book can be read; with the number of intents and of webhooks still to be brought."""
    provider = request.app.state.provider
    intents, undelivered = await provider.book.read(count)
    return {"status": "ok", "intents": intents, "webhooks_waiting": undelivered, "faults": provider.faults.switches}


@router.get("/_faults")
async def faults(request: Request) -> Switches:
    standing: Faults = request.app.state.provider.faults
    return standing.switches


@router.put("/_faults")
async def turn_faults(request: Request, switches: Switches) -> Switches:
    """Turns the switches as given and all others off; the generator starts anew from the seed."""
    standing: Faults = request.app.state.provider.faults
    standing.turn(switches)
    request.app.state.provider.courier.news.set()
    return standing.switches


@router.delete("/_faults", status_code=204)
async def no_faults(request: Request) -> None:
    await turn_faults(request, Switches())


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def open_book(request: Request) -> Response:
    provider = request.app.state.provider
    return HTMLResponse(render(await provider.book.read(read_newest), provider.faults.switches))


def read_ledger(session: Session) -> list[dict[str, Any]]:
    refunds: dict[int, list[dict[str, Any]]] = {}
    for row in session.execute(select(Refund.__table__).order_by(Refund.sequence)).mappings():
        given = {name: row[name] for name in ("id", "amount", "reason", "metadata", "created")}
        refunds.setdefault(row["intent_sequence"], []).append(given)
    entries = session.execute(select(Intent.__table__).order_by(Intent.sequence)).mappings()
    return [entry_of(row, refunds.get(row["sequence"], [])) for row in entries]


def entry_of(row: Any, refunds: list[dict[str, Any]]) -> dict[str, Any]:
    same = ("id", "status", "amount", "amount_captured", "amount_refunded", "currency", "payment_method", "metadata")
    entry = {name: row[name] for name in same}
    entry["amount_held"] = row["amount"] if row["status"] == "requires_capture" else 0
    return {**entry, "created": row["created"], "refunds": refunds}


def read_deliveries(session: Session, limit: int, intent_id: str | None) -> list[dict[str, Any]]:
    wanted = select(Delivery, Event.type, Event.intent_id).join(Event).order_by(Delivery.id.desc()).limit(limit)
    if intent_id is not None:
        wanted = wanted.where(Event.intent_id == intent_id)
    found = session.execute(wanted).all()
    ids = [delivery.id for delivery, _, _ in found]
    tries: dict[int, list[dict[str, Any]]] = {}
    for attempt in session.scalars(select(Attempt).where(Attempt.delivery_id.in_(ids)).order_by(Attempt.id)):
        told = {"at": attempt.at, "status": attempt.status, "error": attempt.error, "well_signed": attempt.well_signed}
        tries.setdefault(attempt.delivery_id, []).append(told)
    return [
        {
            "id": delivery.id,
            "event": delivery.event_id,
            "type": kind,
            "payment_intent": intent,
            "due_at": delivery.due_at,
            "delivered_at": delivery.delivered_at,
            "attempts": tries.get(delivery.id, []),
        }
        for delivery, kind, intent in found
    ]


def count(session: Session) -> tuple[int, int]:
    undelivered = select(func.count()).select_from(Delivery).where(Delivery.delivered_at.is_(None))
    return session.scalar(select(func.count()).select_from(Intent)) or 0, session.scalar(undelivered) or 0


def tear_out(session: Session) -> None:
    for table in reversed(Page.metadata.sorted_tables):
        session.execute(delete(table))


def read_newest(session: Session) -> Opened:
    newest = select(Intent).order_by(Intent.sequence.desc()).limit(NEWEST).options(selectinload(Intent.refunds))
    intents = list(session.scalars(newest))
    news: dict[str, list[dict[str, Any]]] = {}
    for intent in intents:
        news[intent.id] = read_deliveries(session, 50, intent.id)
    return Opened(intents, news, *count(session))
