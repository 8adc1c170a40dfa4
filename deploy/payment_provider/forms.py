"""Reads the forms that Stripe's libraries send (`metadata[order]=R-1042`) into typed requests, and documents them.

Unknown parameters are refused, as at Stripe: a misspelt `capture_methd` must not turn a hold into a charge.

Roadmap: frameworks/fastapi
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from deploy.payment_provider.errors import Refusal, unusable

NAME = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")
PART = re.compile(r"[^\[\]]+")

# Stripe's own limits (docs.stripe.com/api/metadata, docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
Notes = Annotated[
    dict[Annotated[str, StringConstraints(max_length=40)], Annotated[str, StringConstraints(max_length=500)]],
    Field(max_length=50),
]
ChargeAmount = Annotated[int, Field(ge=50, le=99_999_999)]
PartAmount = Annotated[int, Field(ge=1, le=99_999_999)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_lower=True)]
Name = Annotated[str, StringConstraints(max_length=80)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    expand: dict[str, str] = {}  # accepted, nothing is expanded


class CreateIntent(Form):
    amount: ChargeAmount
    currency: Currency
    payment_method: Name | None = None
    confirm: bool = False
    capture_method: Literal["manual", "automatic", "automatic_async"] = "automatic"
    metadata: Notes = {}
    description: Annotated[str, StringConstraints(max_length=1000)] | None = None
    # Accepted for the sake of callers that also serve real customers; without effect here.
    return_url: str | None = None
    automatic_payment_methods: dict[str, str] = {}
    payment_method_types: dict[str, str] = {}
    receipt_email: str | None = None
    error_on_requires_action: bool = False
    off_session: bool = False
    statement_descriptor_suffix: str | None = None


class ConfirmIntent(Form):
    payment_method: Name | None = None
    return_url: str | None = None
    error_on_requires_action: bool = False
    off_session: bool = False


class CaptureIntent(Form):
    amount_to_capture: PartAmount | None = None
    metadata: Notes = {}


class CancelIntent(Form):
    cancellation_reason: Literal["abandoned", "duplicate", "fraudulent", "requested_by_customer"] | None = None


class CreateRefund(Form):
    payment_intent: Name
    amount: PartAmount | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    metadata: Notes = {}


def unfold(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`[("metadata[order]", "7")]` → `{"metadata": {"order": "7"}}`; a name cannot be both value and folder."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if not NAME.fullmatch(name):
            raise Refusal(400, f"Invalid parameter name: {name}", code="parameter_unknown", param=name)
        *folders, leaf = PART.findall(name)
        if name.endswith("[]"):
            folders, leaf = [*folders, leaf], ""
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise Refusal(400, f"Invalid parameter: {name}", code="parameter_invalid", param=name)
        place[leaf or str(len(place))] = value
    return tree


Wanted = TypeVar("Wanted", bound=Form)


def form(model: type[Wanted]) -> Callable[[Request], Awaitable[Wanted]]:
    """A FastAPI dependency that reads the body as `model`; raises `Refusal` naming the first bad parameter."""

    async def read(request: Request) -> Wanted:
        try:
            pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=200)
            return model.model_validate(unfold(pairs))
        except ValidationError as fault:
            raise unusable(fault.errors()) from fault
        except ValueError as fault:
            raise Refusal(400, "The request body is not a form.") from fault

    return read


def documented(model: type[Form]) -> dict[str, Any]:
    """What the OpenAPI document says of a body that FastAPI did not read itself."""
    content = {"application/x-www-form-urlencoded": {"schema": model.model_json_schema()}}
    return {"requestBody": {"content": content}}
