"""What can be asked of the provider: the part of Stripe's API that a shop with manual capture needs.

    POST /v1/payment_intents                 hold or take money      GET  one, or the newest first
    POST /v1/payment_intents/{id}/confirm | capture | cancel
    POST /v1/refunds                         give it back            GET  one, or those of one intent

Roadmap: frameworks/fastapi, commerce/payment-gateway
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from deploy.payment_provider import intents, refunds
from deploy.payment_provider.errors import Refusal, missing
from deploy.payment_provider.faults import NoAnswer
from deploy.payment_provider.forms import (
    CancelIntent,
    CaptureIntent,
    ConfirmIntent,
    CreateIntent,
    CreateRefund,
    documented,
    form,
)
from deploy.payment_provider.idempotency import perform
from deploy.payment_provider.shapes import Shape, intent_shape, list_shape, refund_shape
from deploy.payment_provider.tables import Intent, Refund


async def authenticated(request: Request) -> None:
    """Bearer or Basic, as Stripe takes both; without `PROVIDER_API_KEY` any test key will do."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            token = base64.b64decode(token).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            token = ""
    wanted = request.app.state.provider.api_key
    if not token.startswith("sk_test_") or (wanted and not secrets.compare_digest(token.encode(), wanted.encode())):
        raise Refusal(401, f"Invalid API Key provided: {token[:8]}***")


router = APIRouter(prefix="/v1", dependencies=[Depends(authenticated)])
Limit = Annotated[int, Query(ge=1, le=100)]


@router.post("/payment_intents", openapi_extra=documented(CreateIntent))
async def create_intent(request: Request, wish: Annotated[CreateIntent, Depends(form(CreateIntent))]) -> Response:
    return await perform(request, wish, partial(intents.create, wish=wish))


@router.post("/payment_intents/{intent_id}/confirm", openapi_extra=documented(ConfirmIntent))
async def confirm_intent(
    request: Request, intent_id: str, wish: Annotated[ConfirmIntent, Depends(form(ConfirmIntent))]
) -> Response:
    return await perform(request, wish, partial(intents.confirm, intent_id=intent_id, wish=wish))


@router.post("/payment_intents/{intent_id}/capture", openapi_extra=documented(CaptureIntent))
async def capture_intent(
    request: Request, intent_id: str, wish: Annotated[CaptureIntent, Depends(form(CaptureIntent))]
) -> Response:
    return await perform(request, wish, partial(intents.capture, intent_id=intent_id, wish=wish))


@router.post("/payment_intents/{intent_id}/cancel", openapi_extra=documented(CancelIntent))
async def cancel_intent(
    request: Request, intent_id: str, wish: Annotated[CancelIntent, Depends(form(CancelIntent))]
) -> Response:
    return await perform(request, wish, partial(intents.cancel, intent_id=intent_id, wish=wish))


@router.post("/refunds", openapi_extra=documented(CreateRefund))
async def create_refund(request: Request, wish: Annotated[CreateRefund, Depends(form(CreateRefund))]) -> Response:
    return await perform(request, wish, partial(refunds.create, wish=wish))


@router.get("/payment_intents")
async def list_intents(
    request: Request,
    limit: Limit = 10,
    starting_after: str | None = None,
    gte: Annotated[int | None, Query(alias="created[gte]")] = None,
    gt: Annotated[int | None, Query(alias="created[gt]")] = None,
    lte: Annotated[int | None, Query(alias="created[lte]")] = None,
    lt: Annotated[int | None, Query(alias="created[lt]")] = None,
) -> Response:
    bounds = [(gte, Intent.created.__ge__), (gt, Intent.created.__gt__)]
    bounds += [(lte, Intent.created.__le__), (lt, Intent.created.__lt__)]
    wanted = select(Intent).where(*[within(bound) for bound, within in bounds if bound is not None])
    return await look(request, lambda session: page(session, wanted, Intent, intent_shape, limit, starting_after))


@router.get("/payment_intents/{intent_id}")
async def retrieve_intent(request: Request, intent_id: str) -> Response:
    return await look(request, lambda session: one(session, Intent, intent_shape, intent_id))


@router.get("/refunds")
async def list_refunds(
    request: Request, limit: Limit = 10, starting_after: str | None = None, payment_intent: str | None = None
) -> Response:
    wanted = select(Refund)
    if payment_intent is not None:
        wanted = wanted.join(Intent).where(Intent.id == payment_intent)
    return await look(request, lambda session: page(session, wanted, Refund, refund_shape, limit, starting_after))


@router.get("/refunds/{refund_id}")
async def retrieve_refund(request: Request, refund_id: str) -> Response:
    return await look(request, lambda session: one(session, Refund, refund_shape, refund_id))


def page(
    session: Session, wanted: Select[Any], table: Any, shape: Callable[[Any], Shape], limit: int, after: str | None
) -> Shape:
    """The newest first, after a given one: a cursor, so that rows written meanwhile shift nothing."""
    if after is not None:
        last = session.scalar(select(table.sequence).where(table.id == after))
        if last is None:
            raise missing(shape.__name__.removesuffix("_shape"), after, param="starting_after")
        wanted = wanted.where(table.sequence < last)
    rows = session.scalars(wanted.order_by(table.sequence.desc()).limit(limit + 1)).all()
    url = "/v1/payment_intents" if table is Intent else "/v1/refunds"
    return list_shape(url, [shape(row) for row in rows[:limit]], has_more=len(rows) > limit)


def one(session: Session, table: Any, shape: Callable[[Any], Shape], name: str) -> Shape:
    row = session.scalar(select(table).where(table.id == name))
    if row is None:
        raise missing("payment_intent" if table is Intent else "refund", name, param="id", status=404)
    return shape(row)


async def look(request: Request, work: Callable[[Session], Shape]) -> Response:
    """A GET: waits like everything else, and fails like a POST only if `reads_too` says so."""
    provider = request.app.state.provider
    await provider.faults.wait()
    mishap = provider.faults.draw(None) if provider.faults.switches.reads_too else None
    if mishap is not None:
        if mishap.value.startswith("timeout"):
            return NoAnswer(provider.faults)
        raise Refusal(500, "Something went wrong on our end.", kind="api_error", retry=True)
    return JSONResponse(await provider.book.read(work), headers={"Request-Id": request.scope["request_id"]})
