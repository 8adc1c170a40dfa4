"""The way of one POST: at most one execution per idempotency key, and the first answer for everybody who asks again.

    key in use? ─► faults ─► BEGIN ─ saved answer? ─ yes ─► the same status and body, `Idempotent-Replayed: true`
       409                              │ no
                                        └► act, save answer, queue webhooks ─ COMMIT ─► answer

Money, answer and webhook are one commit, so a kill -9 leaves all of them or none. As at Stripe
(docs.stripe.com/api/idempotent_requests): declines and 500s of an executed request are saved too, requests that were
refused before execution are not; another request under a known key is 400, two at once are 409; keys live 24 hours.

Roadmap: api/idempotency, commerce/payment-gateway
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from deploy.payment_provider.errors import Refusal
from deploy.payment_provider.faults import MAGIC, Mishap, NoAnswer
from deploy.payment_provider.intents import Answer
from deploy.payment_provider.tables import SavedAnswer
from deploy.payment_provider.webhooks import Post, Postbox

KEPT = 24 * 3600
BROKEN = Answer(500, {"error": {"type": "api_error", "message": "Something went wrong on our end."}})
Act = Callable[[Session, Post], Answer]


class Call(NamedTuple):
    key: str | None
    path: str
    fingerprint: str
    request_id: str


class Outcome(NamedTuple):
    status: int
    body: str
    request_id: str
    replayed: bool
    event_ids: list[str]


class KeysInUse:
    """The keys being worked on now. In memory, for there is one process; behind it stands the book's primary key."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    @contextmanager
    def claim(self, key: str | None) -> Iterator[None]:
        if key is None:
            yield
            return
        if key in self.keys:
            raise in_use(key)
        self.keys.add(key)
        try:
            yield
        finally:
            self.keys.discard(key)


def in_use(key: str) -> Refusal:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later."
    )
    return Refusal(409, message, kind="idempotency_error", code="idempotency_key_in_use", retry=True)


async def perform(request: Request, wish: BaseModel, act: Act) -> Response:
    provider = request.app.state.provider
    call = read_call(request, wish)
    with provider.keys.claim(call.key):
        mishap = provider.faults.draw(getattr(wish, "payment_method", None))
        await provider.faults.wait(mishap)
        if mishap is Mishap.TIMEOUT_BEFORE:
            return NoAnswer(provider.faults)
        if mishap is Mishap.ERROR_BEFORE:
            raise Refusal(BROKEN.status, "Something went wrong on our end.", kind="api_error", retry=True)
        outcome = await execute(provider, call, act, spoil=mishap is Mishap.ERROR_AFTER)
        if provider.faults.switches.webhook_before_answer:
            await provider.courier.bring_at_once(outcome.event_ids)
        elif outcome.event_ids:
            provider.courier.news.set()
    # A magic card loses the first answer only, else nobody would ever learn how it ended; chance may lose any.
    by_card = getattr(wish, "payment_method", None) in MAGIC
    if mishap is Mishap.TIMEOUT_AFTER and not (by_card and outcome.replayed):
        return NoAnswer(provider.faults)
    return respond(call, outcome)


async def execute(provider: Any, call: Call, act: Act, *, spoil: bool) -> Outcome:
    """One transaction. If another process was faster with this key, its answer counts and our work is rolled back."""
    try:
        outcome: Outcome = await provider.book.write(lambda s: once(s, call, act, provider.delays, spoil=spoil))
    except IntegrityError:
        if call.key is not None and await provider.book.read(lambda s: s.get(SavedAnswer, call.key)):
            raise in_use(call.key) from None
        raise
    return outcome


def read_call(request: Request, wish: BaseModel) -> Call:
    key = request.headers.get("idempotency-key") or None
    if key is not None and len(key) > 255:
        raise Refusal(400, "Idempotency keys may be at most 255 characters long.", kind="idempotency_error")
    said = json.dumps(wish.model_dump(exclude_unset=True), sort_keys=True)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    return Call(key, request.url.path, fingerprint, request.scope["request_id"])


def once(session: Session, call: Call, act: Act, delays: Callable[[], list[float]], *, spoil: bool) -> Outcome:
    """Runs `act` unless its key has an answer already; `spoil` makes a 500 of the answer after the money has moved."""
    if call.key is not None and (saved := session.get(SavedAnswer, call.key)):
        if saved.created > time.time() - KEPT:
            return replay(saved, call)
        session.delete(saved)
        session.flush()
    box = Postbox(session, delays, call.request_id, call.key)
    answer = settle(session, act, box)
    status, body = BROKEN if spoil else answer
    text = json.dumps(body)
    if call.key is not None:
        session.add(SavedAnswer(**call._asdict(), status=status, body=text, created=int(time.time())))
    return Outcome(status, text, call.request_id, False, box.posted)


def settle(session: Session, act: Act, box: Postbox) -> Answer:
    try:
        return act(session, box.post)
    except Refusal as refusal:
        if not refusal.settled:
            raise
        return Answer(refusal.status, refusal.body)


def replay(saved: SavedAnswer, call: Call) -> Outcome:
    if saved.path != call.path:
        what = f"for the same endpoint they were first used for ('{saved.path}')"
    elif saved.fingerprint != call.fingerprint:
        what = "with the same parameters they were first used with"
    else:
        return Outcome(saved.status, saved.body, saved.request_id, True, [])
    message = f"Keys for idempotent requests can only be used {what}. Try using a key other than '{call.key}'"
    raise Refusal(400, f"{message} if you meant to execute a different request.", kind="idempotency_error")


def respond(call: Call, outcome: Outcome) -> Response:
    headers = {"Request-Id": call.request_id}
    if call.key is not None:
        headers["Idempotency-Key"] = call.key
    if outcome.replayed:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": outcome.request_id}
    if outcome.status >= 500:
        headers["Stripe-Should-Retry"] = "false"  # the key would only bring the same answer again
    return Response(outcome.body, outcome.status, headers, "application/json")


def forget_old_answers(session: Session) -> None:
    session.execute(delete(SavedAnswer).where(SavedAnswer.created < time.time() - KEPT))
