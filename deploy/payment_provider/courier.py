"""Brings the webhooks, again and again with growing pauses, until the shop answers 2xx.

    due deliveries ─► at most 8 on the way ─► POST, signed ─► results ─► written down together with the next pick

The queue is in the book: after a kill -9 the courier goes on where it was. What was on the way then goes out a second
time: at least once, never exactly once, and in no promised order, as with the real provider.

Roadmap: commerce/payment-gateway, commerce/external-services
"""

import asyncio
import ssl
import time
from typing import Any, NamedTuple, cast

import httpx
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from deploy.payment_provider.book import Book
from deploy.payment_provider.faults import Faults, log
from deploy.payment_provider.tables import Attempt, Delivery, Event
from deploy.payment_provider.webhooks import sign

ON_THE_WAY = 8
PATIENCE = 10.0  # seconds for one answer; Stripe's limit is of this size too
LINGER = 0.005  # lets news pile up for a moment, so that one transaction writes down many results
PAUSES = (0.5, 1, 2, 4, 8, 15, 30)


class Parcel(NamedTuple):
    delivery_id: int
    event_id: str
    attempts: int
    payload: str


class Result(NamedTuple):
    parcel: Parcel
    at: float
    status: int | None
    error: str | None
    well_signed: bool


class Courier:
    def __init__(self, book: Book, faults: Faults, url: str, secret: str, authority: str | None = None) -> None:
        self.book, self.faults, self.url, self.secret = book, faults, url, secret
        self.news = asyncio.Event()
        self.on_the_way: dict[int, asyncio.Task[None]] = {}  # by delivery; until the result is written down
        self.results: list[Result] = []
        limits = httpx.Limits(max_keepalive_connections=ON_THE_WAY)
        trusted = ssl.create_default_context(cafile=authority) if authority else True
        self.client = httpx.AsyncClient(timeout=PATIENCE, limits=limits, trust_env=False, verify=trusted)

    async def run(self) -> None:
        """Works until it is cancelled; a failing database is reported and tried again, never fatal."""
        while True:
            try:
                pause = await self.round()
            except Exception:
                log.exception("the courier stumbled and goes on")
                pause = 1.0
            try:
                await asyncio.wait_for(self.news.wait(), pause)
                await asyncio.sleep(LINGER)
            except TimeoutError:
                pass
            self.news.clear()

    async def round(self) -> float:
        """Writes down what came back, sends out what is due; returns the seconds until the next look."""
        results, self.results = self.results, []
        away = self.on_the_way.keys() - {result.parcel.delivery_id for result in results}
        room = 0 if self.faults.switches.webhooks_off else ON_THE_WAY - len(away)
        try:
            parcels = await self.book.write(lambda session: settle_and_pick(session, results, away, room))
        except Exception:
            self.results = results + self.results
            raise
        for result in results:
            self.on_the_way.pop(result.parcel.delivery_id, None)
        for parcel in parcels:
            self.send_out(parcel)
        return 0.0 if self.results else 0.25

    def send_out(self, parcel: Parcel) -> asyncio.Task[None]:
        task = self.on_the_way.get(parcel.delivery_id)
        if task is None:
            task = self.on_the_way[parcel.delivery_id] = asyncio.create_task(self.bring(parcel))
        return task

    async def bring(self, parcel: Parcel) -> None:
        at = time.time()
        forged = self.faults.draw_forged()
        header = sign("whsec_of_somebody_else" if forged else self.secret, parcel.payload, int(at))
        headers = {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}
        status, error = None, None
        try:
            status = (await self.client.post(self.url, content=parcel.payload, headers=headers)).status_code
        except httpx.HTTPError as failure:
            error = f"{type(failure).__name__}: {failure}"
        self.results.append(Result(parcel, at, status, error, not forged))
        self.news.set()

    async def bring_at_once(self, event_ids: list[str]) -> None:
        """For `webhook_before_answer`: returns when the shop has heard (or refused to hear) of these events.

        Or when the provider closes. A shop that cannot take a webhook while it waits for us costs it our patience.
        """
        if not self.url or self.faults.switches.webhooks_off:
            return
        parcels = await self.book.read(lambda session: waiting(session, event_ids))
        waits: list[asyncio.Future[Any]] = [asyncio.gather(*[self.send_out(parcel) for parcel in parcels])]
        waits.append(closing := asyncio.create_task(self.faults.closing.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()

    async def come_home(self) -> None:
        await asyncio.gather(*self.on_the_way.values(), return_exceptions=True)

    async def close(self) -> None:
        for task in self.on_the_way.values():
            task.cancel()
        await self.come_home()
        await self.client.aclose()


UNDELIVERED = (
    select(Delivery.id, Delivery.event_id, Delivery.attempts, Event.payload)
    .join(Event, Event.id == Delivery.event_id)
    .where(Delivery.delivered_at.is_(None))
)


def waiting(session: Session, event_ids: list[str]) -> list[Parcel]:
    rows = session.execute(UNDELIVERED.where(Event.id.in_(event_ids)))
    return [Parcel(*row) for row in rows]


def settle_and_pick(session: Session, results: list[Result], away: set[int], room: int) -> list[Parcel]:
    """One transaction: the attempts that came back, then the next due deliveries that are not on the way already."""
    if results:
        settle(session, results)
    if room <= 0:
        return []
    due = UNDELIVERED.where(Delivery.due_at <= time.time(), Delivery.id.not_in(away))
    rows = session.execute(due.order_by(Delivery.due_at).limit(room))
    return [Parcel(*row) for row in rows]


SETTLE = (
    update(cast(Table, Delivery.__table__))
    .where(Delivery.id == bindparam("which"))
    .values(attempts=bindparam("tried"), delivered_at=bindparam("arrived"), due_at=bindparam("due"))
)


def settle(session: Session, results: list[Result]) -> None:
    session.connection().execute(SETTLE, [outcome(result) for result in results])
    session.connection().execute(insert(cast(Table, Attempt.__table__)), [attempt_of(result) for result in results])


def attempt_of(result: Result) -> dict[str, Any]:
    attempt = result._asdict()
    return {"delivery_id": attempt.pop("parcel").delivery_id, **attempt}


def outcome(result: Result) -> dict[str, Any]:
    """Delivered, or due again after a pause that grows with every try."""
    has_arrived = result.status is not None and 200 <= result.status < 300
    pause = PAUSES[min(result.parcel.attempts, len(PAUSES) - 1)]
    arrived, due = (result.at, result.at) if has_arrived else (None, time.time() + pause)
    return {"which": result.parcel.delivery_id, "tried": result.parcel.attempts + 1, "arrived": arrived, "due": due}
