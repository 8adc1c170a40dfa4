"""Everything this provider says no with, in the shape of Stripe's errors (docs.stripe.com/api/errors).

A refusal that depends on the book (`settled=True`: the intent is in the wrong state, the refund too large) is an
answer like any other and is saved under its idempotency key. One that only the request is to blame for is not saved:
the caller may repair it and use the key again.

Roadmap: commerce/payment-gateway
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class Refusal(Exception):
    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        settled: bool = False,
        retry: bool | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.settled = settled
        self.retry = retry
        self.body = {"error": {"type": kind, "message": message, **details}}


def missing(noun: str, name: str, *, param: str = "id", status: int = 400) -> Refusal:
    return Refusal(status, f"No such {noun}: '{name}'", code="resource_missing", param=param)


def wrong_state(intent: Mapping[str, Any], verb: str, allowed: Sequence[str]) -> Refusal:
    message = (
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}: {', '.join(allowed)}."
    )
    return Refusal(400, message, settled=True, code="payment_intent_unexpected_state", payment_intent=intent)


CODES = {
    "missing": ("parameter_missing", "Missing required param: {param}."),
    "extra_forbidden": ("parameter_unknown", "Received unknown parameter: {param}"),
    "int_parsing": ("parameter_invalid_integer", "Invalid integer: {input}"),
    "less_than_equal": ("parameter_invalid_integer", "{param} is too large: {input}"),
    "greater_than_equal": ("parameter_invalid_integer", "{param} is too small: {input}"),
}


def unusable(faults: Sequence[Any]) -> Refusal:
    """The first of pydantic's complaints about a request, in Stripe's words."""
    first = faults[0]
    names = [str(part) for part in first["loc"] if part not in ("query", "path", "header", "[key]")]
    param = names[0] + "".join(f"[{name}]" for name in names[1:]) if names else ""
    code, message = CODES.get(first["type"], ("parameter_invalid", "Invalid {param}: {reason}"))
    if param in ("amount", "amount_to_capture") and first["type"].endswith("than_equal"):
        code = "amount_too_large" if first["type"] == "less_than_equal" else "amount_too_small"
    said = message.format(param=param, input=first.get("input"), reason=first["msg"])
    return Refusal(400, said, code=code, param=param)


async def refuse(request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)
    headers = {"Request-Id": request.scope.get("request_id", "req_none")}
    if refusal.retry is not None:
        headers["Stripe-Should-Retry"] = str(refusal.retry).lower()
    return JSONResponse(refusal.body, refusal.status, headers)


async def refuse_query(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    return await refuse(request, unusable(fault.errors()))


async def refuse_address(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, HTTPException)
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    return await refuse(request, Refusal(fault.status_code, message))


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, refuse)
    app.add_exception_handler(RequestValidationError, refuse_query)
    app.add_exception_handler(HTTPException, refuse_address)
